#include "source/engine/change_writer.h"

#include <gtest/gtest.h>

#include "base/json_text.h"
#include "batch_text.h"
#include "convert/plain_converters.h"
#include "convert/schema_reader.h"
#include "random_records.h"
#include "record/json_value.h"
#include "source/engine/record_stage.h"

namespace millrace {
namespace {

using record::SchemaPtr;
using record::Value;

constexpr unsigned kCases = 2'500;

/// Of a table whose columns are a random row's fields, the first of them its key.
class RandomShape : public engine::RecordShape {
  public:
    RandomShape(const record::Schema& row, const SchemaPtr& source, const engine::ShapeSettings& settings)
        : RecordShape({"db", "t"}, settings) {
        std::vector<engine::ShapeColumn> columns;
        for (const auto& field : row.fields) columns.push_back({field.name, field.name, field.schema, field.schema});
        build(columns, {row.fields[0].name}, source, settings);
    }
};

engine::ShapeSettings shape_settings(const events::ConnectorIdentity& identity) {
    config::Settings settings;
    settings.set("topic.prefix", "srv");
    return {identity,
            {.replace_null_with_default = false},
            {.replace_null_with_default = false},
            events::TopicNaming(settings),
            {events::NameAdjustment::Mode::None, events::NameAdjustment::Of::Schemas},
            {events::NameAdjustment::Mode::None, events::NameAdjustment::Of::Fields},
            relational::ColumnShaping(settings)};
}

/// Writes random rows as a source whose records a RecordStage reads.
class RandomChanges {
  public:
    explicit RandomChanges(unsigned seed) : random_(seed), row_(random_.row("srv.db.t.Value", true)) {
        identity_ = {"mysql", "MySQL", "io.debezium.connector.mysql", "1", "srv"};
        const auto source = events::source_block_schema(identity_).field("row", record::Type::Int32).build();
        shape_ = std::make_shared<RandomShape>(*row_, source, shape_settings(identity_));
        engine::ChangeWriter::Options options;
        options.identity = identity_;
        options.is_open = true;
        options.keeps_nulls = true;
        options.figures = &figures_;
        writer_ = std::make_unique<engine::ChangeWriter>(options);
    }

    void write(topiclog::AppendBatch& batch) {
        writer_->begin_event(batch, shape_);
        auto& source = writer_->source_text();
        events::append_source_block(source.before_row, writer_->head(), {.ts_us = 1, .database = random_.text()});
        source.before_row += ",\"row\":";
        source.after_row = "}";
        source.has_row = true;
        const auto row = [&](std::string& out, engine::KeyPlaces& places) { append_row(out, places); };
        writer_->create(batch, 0, true, row);
        writer_->update(batch, 12, true, [&](std::string& out, engine::ChangeWriter::UpdateImages& images) {
            images.begin_before(out);
            append_row(out, images.before_places);
            images.begin_after(out);
            append_row(out, images.after_places);
            images.end(out);
        });
        writer_->remove(batch, 3, true, row);
        writer_->write_truncate(batch, 4);
        engine::KeyPlaces places;
        std::string text;
        append_row(text, places);
        writer_->write_read(batch, text, "{\"id\":1}");
    }

  private:
    void append_row(std::string& out, engine::KeyPlaces& places) {
        places.spans.resize(1);
        for (size_t i = 0; i < row_->fields.size(); ++i) {
            out += i == 0 ? '{' : ',';
            json_text::append_string(out, row_->fields[i].name);
            out += ':';
            const size_t begin = out.size();
            const SchemaPtr& schema = row_->fields[i].schema;
            json_.append_payload(out, schema, random_.value(*schema, 1), random_.arena);
            if (i == 0) places.spans[0] = {begin, out.size(), false};
        }
        out += '}';
    }

    Generator random_;
    SchemaPtr row_;
    events::ConnectorIdentity identity_;
    engine::SourceFigures figures_;
    std::shared_ptr<RandomShape> shape_;
    std::unique_ptr<engine::ChangeWriter> writer_;
    convert::JsonConverter json_{{.replace_null_with_default = false}};
};

config::Settings random_unwrap(Generator& random) {
    constexpr std::string_view kModes[] = {"drop", "tombstone", "rewrite", "rewrite-with-tombstone",
                                           "delete-to-tombstone"};
    constexpr std::string_view kAdded[] = {"", "op", "op,source.db,before.id,ts_ns", "source.row,source.ts_ms:when,id"};
    config::Settings settings;
    settings.set("transforms", random.chance(50) ? "unwrap" : "unwrap,hoist");
    settings.set("transforms.unwrap.type", "io.debezium.transforms.ExtractNewRecordState");
    settings.set("transforms.unwrap.delete.tombstone.handling.mode", std::string(random.one_of(kModes)));
    settings.set("transforms.unwrap.add.fields", std::string(random.one_of(kAdded)));
    settings.set("transforms.unwrap.add.headers", std::string(random.one_of(kAdded)));
    settings.set("transforms.unwrap.replace.null.with.default", random.chance(50) ? "true" : "false");
    settings.set("transforms.hoist.type", "org.apache.kafka.connect.transforms.ReplaceField$Value");
    settings.set("transforms.hoist.exclude", "id");
    return settings;
}

std::string through(const config::Settings& settings, topiclog::AppendBatch batch) {
    engine::RecordStage::Options options;
    options.chain = transform::Chain::of(settings);
    options.is_open = true;
    options.key = std::make_unique<convert::JsonConverter>(convert::JsonConverterOptions());
    options.value = std::make_unique<convert::JsonConverter>(convert::JsonConverterOptions());
    options.header = std::make_unique<convert::SimpleHeaderConverter>();
    engine::RecordStage stage(std::move(options));
    stage.apply(batch);
    return batch_text(batch);
}

TEST(ChangeWriter, TellsWhereAnEnvelopesFieldsAre) {
    record::Arena arena;
    for (unsigned seed = 0; seed < kCases; ++seed) {
        RandomChanges changes(seed);
        topiclog::AppendBatch batch;
        changes.write(batch);
        convert::SchemaReader schemas;
        unsigned noted = 0;
        for (const auto& entry : batch.entries()) {
            const auto* places = batch.fields_of(entry);
            ASSERT_EQ(places == nullptr, entry.value.is_null) << "seed " << seed;
            if (places == nullptr) continue;
            ++noted;
            const std::string text = batch.full_text(entry.value);
            std::string_view json;
            const auto& schema = schemas.of_record(text, json);
            const std::string_view own = batch.own_bytes(entry.value);
            const Value fields = record::opened(*schema, Value::json(json), arena);
            ASSERT_EQ(fields.children().size(), places->size());
            for (size_t i = 0; i < places->size(); ++i) {
                const Value& field = fields.children()[i];
                const std::string_view there = own.substr((*places)[i]);
                ASSERT_TRUE(there.starts_with(field.is_null() ? "null" : field.json())) << schema->fields[i].name;
            }
        }
        ASSERT_GE(noted, 5U) << "seed " << seed;
    }
}

TEST(ChangeWriter, AnEnvelopeThatIsCutIsOneThatIsOpened) {
    for (unsigned seed = 0; seed < kCases; ++seed) {
        RandomChanges changes(seed);
        topiclog::AppendBatch cut;
        changes.write(cut);
        topiclog::AppendBatch opened = cut;
        const auto entries = cut.entries();
        opened.truncate(0);
        for (auto entry : entries) {
            entry.fields = 0;
            opened.add(entry);
        }
        Generator random(seed);
        const auto settings = random_unwrap(random);
        const std::string result = through(settings, cut);
        ASSERT_EQ(result, through(settings, opened)) << "seed " << seed;
        ASSERT_NE(result.find("\"payload\":"), std::string::npos) << "seed " << seed;
    }
}

}  // namespace
}  // namespace millrace
