/// Random schemas and values through random chains of transforms: what a transform sees of a record that nobody has
/// opened, and of one that is opened to its last field, must come out the same; and so must what the stage writes of
/// records that it opens, and of those that it leaves closed.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"
#include "batch_text.h"
#include "convert/json_converter.h"
#include "convert/plain_converters.h"
#include "convert/schema_reader.h"
#include "random_records.h"
#include "record/struct_view.h"
#include "source/engine/record_stage.h"
#include "transform/chain.h"

namespace millrace {
namespace {

using record::Schema;
using record::SchemaPtr;
using record::Type;
using record::Value;

constexpr int kCases = 10'000;
constexpr int kScriptCases = 2'500;  // Scripts are slow under the sanitizers.

SchemaPtr envelope_of(const SchemaPtr& row) {
    return record::made({.type = Type::Struct,
                         .name = "t.Envelope",
                         .version = 2,
                         .fields = {{"before", row},
                                    {"after", row},
                                    {"source", record::made({.type = Type::Struct,
                                                             .name = "s.Source",
                                                             .fields = {{"table", record::plain(Type::String, true)},
                                                                        {"ts_ms", record::plain(Type::Int64)}}})},
                                    {"transaction", record::made({.type = Type::Struct,
                                                                  .optional = true,
                                                                  .name = "event.block",
                                                                  .fields = {{"id", record::plain(Type::String)}}})},
                                    {"op", record::plain(Type::String)},
                                    {"ts_ms", record::plain(Type::Int64, true)}}});
}

Value event_of(Generator& random, const Schema& envelope) {
    const Value event = random.full_value(envelope, 0);
    constexpr std::string_view kOps[] = {"c", "u", "d", "r"};
    event.children()[4] = Value::text(random.one_of(kOps));
    if (event.children()[4].text() == "d") {
        event.children()[0] = random.full_value(*envelope.fields[0].schema, 1);
        event.children()[1] = Value();
    } else {
        event.children()[1] = random.full_value(*envelope.fields[1].schema, 1);
    }
    return event;
}

/// A chain of transforms with options that fit the row more often than not.
config::Settings random_chain(Generator& random, const Schema& row) {
    config::Settings settings;
    const unsigned count = 1 + random.below(5);
    std::vector<std::string> names;
    const auto field = [&] { return row.fields[random.below(static_cast<unsigned>(row.fields.size()))].name; };
    for (unsigned i = 0; i < count; ++i) {
        const std::string name = "t" + std::to_string(i), prefix = "transforms." + name + ".";
        names.push_back(name);
        const std::string side = random.chance(80) ? "$Value" : "$Key";
        const auto set = [&](const std::string& type,
                             std::initializer_list<std::pair<std::string, std::string>> options) {
            settings.set(prefix + "type",
                         type.starts_with("io.") ? type : "org.apache.kafka.connect.transforms." + type);
            for (const auto& [option, value] : options) settings.set(prefix + option, value);
        };
        constexpr const char* kTypes[] = {"int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string"};
        constexpr const char* kModes[] = {"drop", "tombstone", "rewrite", "rewrite-with-tombstone",
                                          "delete-to-tombstone"};
        switch (random.below(17)) {
            case 0:
                set("io.debezium.transforms.ExtractNewRecordState",
                    {{"delete.tombstone.handling.mode", random.one_of(kModes)},
                     {"add.fields", random.chance(50) ? "op,source.table,before.id:old" : ""},
                     {"add.headers", random.chance(30) ? "op" : ""}});
                break;
            case 1:
                set("ReplaceField" + side, {{"exclude", field()}});
                break;
            case 2:
                set("ReplaceField" + side, {{"renames", "id:renamed"}, {"include", "id," + field()}});
                break;
            case 3:
                set("MaskField" + side, {{"fields", field()}});
                break;
            case 4:
                set("Cast" + side, {{"spec", field() + ":" + random.one_of(kTypes)}});
                break;
            case 5:
                set("Flatten" + side, {{"delimiter", "_"}});
                break;
            case 6:
                set("HoistField" + side, {{"field", "hoisted"}});
                break;
            case 7:
                set("ExtractField" + side, {{"field", field()}});
                break;
            case 8:
                set("InsertField" + side, {{"topic.field", "topic"}, {"static.field", "fixed"}, {"static.value", "1"}});
                break;
            case 9:
                set("SetSchemaMetadata" + side, {{"schema.name", "n"}, {"schema.version", "3"}});
                break;
            case 10:
                set("HeaderFrom" + side,
                    {{"fields", field()}, {"headers", "h"}, {"operation", random.chance(50) ? "move" : "copy"}});
                break;
            case 11:
                set("ValueToKey", {{"fields", field()}});
                break;
            case 12:
                set("TimestampConverter" + side,
                    {{"field", field()}, {"target.type", "string"}, {"format", "yyyy-MM-dd HH:mm"}});
                break;
            case 13:
                set("io.debezium.transforms.ByLogicalTableRouter",
                    {{"topic.regex", "(.*)"}, {"topic.replacement", "all"}});
                break;
            case 14:
                set("io.debezium.transforms.ExtractChangedRecordState", {{"header.changed.name", "Changed"}});
                break;
            case 15:
                set("io.debezium.transforms.partitions.PartitionRouting",
                    {{"partition.payload.fields", "change.id,source.table"}, {"partition.topic.num", "7"}});
                break;
            default:
                set("RegexRouter", {{"regex", "(.*)"}, {"replacement", "$1.x"}});
                break;
        }
    }
    settings.set("transforms", join(names, ","));
    return settings;
}

std::string shown(const record::Record& record, const convert::JsonConverterOptions& options, record::Arena& arena) {
    convert::JsonConverter converter(options);
    std::string out = format("{} {} ", record.topic, record.partition.value_or(-1));
    const auto add = [&](const record::SchemaAndValue& side) {
        std::string text;
        const auto made = converter.append(text, "t", side.schema, side.value, arena);
        if (made.is_null) text = "null";
        out += (made.prefix != nullptr ? **made.prefix : std::string()) + text + " ";
    };
    add(record.key);
    add(record.value);
    for (const auto& header : record.headers) {
        out += std::string(header.name) + "=";
        add(header.content);
    }
    return out;
}

convert::JsonConverterOptions random_options(Generator& random) {
    return {random.chance(50), random.chance(50), random.chance(50)};
}

/// What becomes of a record: its text, "dropped", or what is wrong with it.
std::string outcome(const config::Settings& settings, record::Record record,
                    const convert::JsonConverterOptions& options, record::Arena& arena) {
    try {
        const auto chain = transform::Chain::of(settings);
        if (!chain.apply(record, arena)) return "dropped";
        return shown(record, options, arena);
    } catch (const FatalError& fault) {
        return std::string("fails: ") + fault.what();
    }
}

TEST(RecordPath, JsonOfAnUnopenedValueIsThatOfTheValueInEveryFormat) {
    for (unsigned seed = 0; seed < kCases; ++seed) {
        Generator random(seed);
        const SchemaPtr schema = random.schema(3);
        const Value value = random.value(*schema, 0);
        if (value.is_null() && !schema->optional) continue;
        const std::string json = Generator::json_of(*schema, value);
        convert::JsonConverter converter(random_options(random));
        std::string direct, copied;
        converter.append(direct, "t", schema, value, random.arena);
        converter.append(copied, "t", schema, Value::json(json), random.arena);
        ASSERT_EQ(direct, copied) << "seed " << seed << ": " << json;
    }
}

TEST(RecordPath, SchemasAreReadBackAsTheyWereWritten) {
    for (unsigned seed = 0; seed < kCases; ++seed) {
        Generator random(seed);
        const SchemaPtr schema = random.schema(3);
        std::string text;
        convert::append_schema_json(text, *schema);
        ASSERT_TRUE(*convert::read_schema(text) == *schema) << "seed " << seed << ": " << text;
    }
}

TEST(RecordPath, RandomChainsDoTheSameToAnUnopenedRecordAsToAnOpenedOne) {
    int failed = 0, dropped = 0;
    for (unsigned seed = 0; seed < kCases; ++seed) {
        Generator random(seed);
        const SchemaPtr row = random.row("t.Value", true), key = random.row("t.Key", false);
        const SchemaPtr envelope = random.chance(85) ? envelope_of(row) : row;
        const Value value = envelope == row ? random.full_value(*row, 0) : event_of(random, *envelope);
        const std::string key_json = Generator::json_of(*key, random.full_value(*key, 0));
        const std::string value_json = Generator::json_of(*envelope, value);
        const config::Settings settings = random_chain(random, *row);
        const auto options = random_options(random);
        record::Record record{
            .topic = "t", .key = {key, Value::json(key_json)}, .value = {envelope, Value::json(value_json)}};
        if (random.chance(10)) record.value = {};
        const std::string unopened = outcome(settings, record, options, random.arena);
        record.key.value = record::opened_whole(*key, record.key.value, random.arena);
        if (record.value.schema) record.value.value = record::opened_whole(*envelope, record.value.value, random.arena);
        ASSERT_EQ(unopened, outcome(settings, record, options, random.arena)) << "seed " << seed << ": " << value_json;
        failed += unopened.starts_with("fails") ? 1 : 0;
        dropped += unopened == "dropped" ? 1 : 0;
    }
    // Most chains must get through, or nothing is tried.
    EXPECT_LT(failed, kCases / 2);
    EXPECT_LT(dropped, kCases / 4);
}

/// A record as a source writes it.
void add_record(topiclog::AppendBatch& batch, const convert::JsonConverterOptions& options, const SchemaPtr& key,
                const Value& key_value, const SchemaPtr& value, const Value& value_value, const std::string* headers,
                record::Arena& arena) {
    convert::JsonConverter converter(options);
    const auto text = [&](const SchemaPtr& schema, const Value& of) -> topiclog::AppendBatch::Text {
        const size_t start = batch.bytes().size();
        const auto made = converter.append(batch.bytes(), "t", schema, of, arena);
        if (made.is_null) return {};
        if (made.prefix == nullptr) return batch.text_from(start);
        batch.keep(*made.prefix);
        return batch.text_from(start, made.prefix->get());
    };
    topiclog::AppendBatch::Entry entry;
    entry.slot = batch.slot_named("t");
    entry.key = text(key, key_value);
    entry.value = text(value, value_value);
    entry.headers = headers;
    batch.add(entry);
}

engine::RecordStage::Options stage_options(const config::Settings& settings, const convert::JsonConverterOptions& json,
                                           bool is_open) {
    engine::RecordStage::Options options;
    options.chain = transform::Chain::of(settings);
    options.is_open = is_open;
    options.is_read = !is_open && (options.chain.parts() & transform::kReads) != 0;
    options.key = std::make_unique<convert::JsonConverter>(json);
    options.value = std::make_unique<convert::JsonConverter>(json);
    options.header = std::make_unique<convert::SimpleHeaderConverter>();
    return options;
}

TEST(RecordPath, WhatTheStageMovesAsItIsIsWhatItWritesOfOpenedRecords) {
    const auto encoded = std::make_shared<const std::string>(
        topiclog::encode_headers({{"__debezium.context.taskId", "0"}, {"x", std::nullopt}}));
    for (unsigned seed = 0; seed < kCases; ++seed) {
        Generator random(seed);
        const SchemaPtr key = random.row("t.Key", false), value = random.row("t.Value", false);
        const Value key_value = random.full_value(*key, 0), value_value = random.full_value(*value, 0);
        const auto options = random_options(random);
        config::Settings settings;
        settings.set("transforms", random.chance(30) ? "" : "route,header,drop");
        settings.set("transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter");
        settings.set("transforms.route.regex", "(t)");
        settings.set("transforms.route.replacement", random.chance(50) ? "$1-routed" : "other");
        settings.set("transforms.header.type", "org.apache.kafka.connect.transforms.InsertHeader");
        settings.set("transforms.header.header", "added");
        settings.set("transforms.header.value.literal", random.text() + "z");
        settings.set("transforms.drop.type", "org.apache.kafka.connect.transforms.DropHeaders");
        settings.set("transforms.drop.headers", random.chance(50) ? "x" : "absent");
        std::string results[2];
        for (const bool is_open : {false, true}) {
            engine::RecordStage stage(stage_options(settings, options, is_open));
            topiclog::AppendBatch batch;
            batch.keep(encoded);
            const convert::JsonConverterOptions written =
                is_open ? convert::JsonConverterOptions{.replace_null_with_default = false} : options;
            for (int i = 0; i < 2; ++i) {
                add_record(batch, written, key, key_value, value, value_value, encoded.get(), random.arena);
                add_record(batch, written, key, key_value, nullptr, {}, encoded.get(), random.arena);
            }
            stage.apply(batch);
            results[is_open ? 1 : 0] = batch_text(batch);
        }
        ASSERT_EQ(results[0], results[1]) << "seed " << seed;
        const bool keeps_null = settings.text("transforms.drop.headers") == "absent";
        ASSERT_TRUE(!keeps_null || results[0].find(" x=null") != std::string::npos) << "seed " << seed;
    }
}

/// Whether a list or map has items with a default, as no source makes them: JsonConverter writes it for a null, Connect
/// does not read it for one.
bool has_default_items(const Schema& schema) {
    if (schema.items && (schema.items->default_json || has_default_items(*schema.items))) return true;
    return std::any_of(schema.fields.begin(), schema.fields.end(),
                       [](const auto& field) { return has_default_items(*field.schema); });
}

TEST(RecordPath, ScriptsReadTheSameOfARecordThatStaysAsItIsAsOfAnOpenedOne) {
    config::Settings settings;
    settings.set("transforms", "route");
    settings.set("transforms.route.type", "io.debezium.transforms.ContentBasedRouter");
    settings.set("transforms.route.language", "jsr223.graal.js");
    settings.set("transforms.route.topic.expression",
                 "[key, value].map(of => Object.keys(of).map(name => name + ':' + of[name])).join()");
    const convert::JsonConverterOptions json;
    unsigned tried = 0;
    engine::RecordStage left(stage_options(settings, json, false)), opened(stage_options(settings, json, true));
    for (unsigned seed = 0; seed < kScriptCases; ++seed) {
        Generator random(seed);
        const SchemaPtr key = random.row("t.Key", false), value = random.row("t.Value", false);
        if (has_default_items(*key) || has_default_items(*value)) continue;
        ++tried;
        const Value key_value = random.full_value(*key, 0), value_value = random.full_value(*value, 0);
        std::string results[2];
        for (const bool is_open : {false, true}) {
            topiclog::AppendBatch batch;
            add_record(batch, {.replace_null_with_default = !is_open}, key, key_value, value, value_value, nullptr,
                       random.arena);
            (is_open ? opened : left).apply(batch);
            results[is_open ? 1 : 0] = batch_text(batch);
        }
        ASSERT_EQ(results[0], results[1]) << "seed " << seed;
        ASSERT_NE(results[0].find(key->fields[0].name + ":"), std::string::npos) << "seed " << seed;
    }
    EXPECT_GT(tried, kScriptCases / 2);
}

bool has_map(const Schema& schema) {
    return schema.type == record::Type::Map || (schema.items && has_map(*schema.items)) ||
           std::any_of(schema.fields.begin(), schema.fields.end(),
                       [](const auto& field) { return has_map(*field.schema); });
}

TEST(RecordPath, AScriptThatChangesNothingLeavesARecordAsItWas) {
    config::Settings settings;
    settings.set("transforms", "script");
    settings.set("transforms.script.type", "millrace.Script");
    settings.set("transforms.script.script", "record => record");
    const convert::JsonConverterOptions json;
    engine::RecordStage changed(stage_options(settings, json, true)), left(stage_options({}, json, true));
    for (unsigned seed = 0; seed < kScriptCases; ++seed) {
        Generator random(seed);
        const SchemaPtr key = random.row("t.Key", false), value = random.row("t.Value", false);
        const Value key_value = random.full_value(*key, 0), value_value = random.full_value(*value, 0);
        std::string results[2];
        for (const bool is_left : {false, true}) {
            topiclog::AppendBatch batch;
            add_record(batch, {.replace_null_with_default = false}, key, key_value, value, value_value, nullptr,
                       random.arena);
            (is_left ? left : changed).apply(batch);
            results[is_left ? 1 : 0] = batch_text(batch);
        }
        // JavaScript orders an object's properties that are numbers, and so a map's entries.
        if (has_map(*key) || has_map(*value))
            for (auto& result : results) std::sort(result.begin(), result.end());
        ASSERT_EQ(results[0], results[1]) << "seed " << seed;
    }
}

}  // namespace
}  // namespace millrace
