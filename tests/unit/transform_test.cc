/// Every transform with every option that it has, against what real Kafka Connect 4.1 and Debezium 3.5 made of the same
/// records: tests/transforms (see its README).
#include <gtest/gtest.h>

#include <list>
#include <map>
#include <set>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "convert/json_converter.h"
#include "convert/schema_reader.h"
#include "recorded_cases.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

const TransformType* type_named(const std::string& name) {
    for (const auto* type : transform_types())
        if (type->class_name == name) return type;
    return nullptr;
}

/// One case's run; what it is made of lives as long as it does.
class CaseRun {
  public:
    Json outcome(const Json& one, const Json& records) {
        try {
            const auto* type = type_named(one.at("type"));
            if (type == nullptr) return {{"error", "there is no such transform"}};
            config::Settings options;
            for (const auto& [name, value] : one.at("options").items()) options.set(name, value.get<std::string>());
            if (const auto problems = type->properties().check(options); !problems.empty())
                return {{"error", problems[0].message}};
            const auto transform = type->make(type->properties().with_defaults(options));
            record::Record record = record_of(records.at(one.at("record")));
            if (!transform->apply(record, arena_)) return {{"dropped", true}};
            if (one.contains("brief")) return {{"topic", std::string(record.topic)}};
            return shown(record);
        } catch (const std::exception& fault) {
            return {{"error", fault.what()}};
        }
    }

  private:
    record::SchemaAndValue side(const Json& json) {
        if (json.is_null()) return {};
        const std::string& text = texts_.emplace_back(to_text(json));
        std::string_view payload;
        const auto& schema = schemas_.of_record(text, payload);
        return {schema, record::Value::json(payload)};
    }
    record::Record record_of(const Json& from) {
        record::Record record;
        record.topic = topic_ = from.value("topic", "srv.db.t");
        record.key = side(from.at("key"));
        record.value = side(from.at("value"));
        if (from.contains("timestamp")) record.timestamp_ms = from["timestamp"].get<int64_t>();
        for (const auto& header : from.value("headers", Json::array()))
            record.headers.push_back({arena_.copy(header[0].get<std::string>()), side(header[1])});
        return record;
    }
    Json text_of(const record::SchemaAndValue& of) {
        convert::JsonConverter converter({.replace_null_with_default = false});
        std::string text;
        const auto made = converter.append(text, "t", of.schema, of.value, arena_);
        if (made.is_null) return nullptr;
        return (made.prefix != nullptr ? **made.prefix : std::string()) + text;
    }
    Json shown(const record::Record& record) {
        Json out;
        out["topic"] = std::string(record.topic);
        if (record.partition) out["partition"] = *record.partition;
        if (record.timestamp_ms) out["timestamp"] = *record.timestamp_ms;
        out["key"] = text_of(record.key);
        out["value"] = text_of(record.value);
        out["headers"] = Json::array();
        for (const auto& header : record.headers)
            out["headers"].push_back({std::string(header.name), text_of(header.content)});
        return out;
    }

    record::Arena arena_;
    std::list<std::string> texts_;
    std::string topic_;
    convert::SchemaReader schemas_;
};

/// Where two texts begin to differ, and what of them follows.
std::string difference(const std::string& expected, const std::string& found) {
    size_t at = 0;
    while (at < expected.size() && at < found.size() && expected[at] == found[at]) ++at;
    const size_t from = at < 60 ? 0 : at - 60;
    return "\n  expected …" + expected.substr(from, 260) + "\n  found    …" + found.substr(from, 260);
}

TEST(Transforms, MakeOfEveryRecordWhatConnectAndDebeziumMakeOfIt) {
    const Json all = recorded("cases.json"), expected = recorded("expected.json"),
               on_purpose = recorded("on_purpose.json");
    size_t same = 0;
    for (const auto& one : all["cases"]) {
        const std::string name = one["name"];
        const Json found = CaseRun().outcome(one, all["records"]);
        const Json& wanted = on_purpose.contains(name) ? on_purpose[name]["ours"] : expected.at(name);
        // Whether it fails counts; the words are ours.
        const bool is_same = wanted.contains("error") ? found.contains("error") : found == wanted;
        same += is_same ? 1 : 0;
        EXPECT_TRUE(is_same) << name << difference(to_text(wanted), to_text(found));
    }
    EXPECT_EQ(same, all["cases"].size());
    for (const auto& [name, entry] : on_purpose.items()) EXPECT_TRUE(expected.contains(name)) << name;
}

TEST(Transforms, HaveACaseForEveryOptionThatDoesSomething) {
    const Json all = recorded("cases.json");
    std::map<std::string, std::set<std::string>> used;
    for (const auto& one : all["cases"]) {
        auto& options = used[one["type"]];
        for (const auto& [name, value] : one["options"].items()) options.insert(name);
    }
    for (const auto* type : transform_types()) {
        // $Key and $Value are one class.
        const std::string name(type->class_name), base = name.substr(0, name.find('$'));
        // Nobody to compare with: script_test.cc, and HandsATraceOn.
        if (name == "millrace.Script" || name.ends_with(".ActivateTracingSpan")) continue;
        std::set<std::string> options;
        bool is_tried = false;
        for (const auto& [tried, its] : used) {
            if (tried.substr(0, tried.find('$')) != base) continue;
            is_tried = true;
            options.insert(its.begin(), its.end());
        }
        EXPECT_TRUE(is_tried) << name;
        for (const auto& property : type->properties().properties())
            EXPECT_TRUE(property.support != config::Support::Works || options.contains(std::string(property.name)))
                << name << ": " << property.name;
    }
}

TEST(TimezoneConverter, RefusesAListThatBeginsWithNeitherATableNorATopic) {
    const auto made = [](const char* property, const char* list) {
        config::Settings options;
        options.set("converted.timezone", "UTC");
        options.set(property, list);
        return type_named("io.debezium.transforms.TimezoneConverter")->make(options);
    };
    for (const char* property : {"include.list", "exclude.list"}) {
        EXPECT_THROW(made(property, "created"), ConfigError);
        EXPECT_THROW(made(property, "created,source:orders"), ConfigError);
        EXPECT_NE(made(property, "source:orders:created,changed"), nullptr);
    }
}

/// The headers that ActivateTracingSpan gives an insert with this context in its row.
std::map<std::string, std::string> traced(const Json& context, const std::string& only_with_context = "false") {
    record::Schema row{.type = record::Type::Struct, .optional = true, .name = "t.Value"};
    row.fields = {{"id", record::plain(record::Type::Int32)}, {"ctx", record::plain(record::Type::String, true)}};
    record::Schema envelope{.type = record::Type::Struct, .name = "t.Envelope"};
    envelope.fields = {{"after", record::made(std::move(row))}};
    const std::string text = to_text(Json{{"after", {{"id", 1}, {"ctx", context}}}});
    record::Record record;
    record.value = {record::made(std::move(envelope)), record::Value::json(text)};
    config::Settings options;
    options.set("tracing.span.context.field", "ctx");
    options.set("tracing.with.context.field.only", only_with_context);
    record::Arena arena;
    const auto transform = type_named("io.debezium.transforms.tracing.ActivateTracingSpan")->make(options);
    EXPECT_TRUE(transform->apply(record, arena));
    std::map<std::string, std::string> headers;
    for (const auto& header : record.headers)
        headers[std::string(header.name)] = std::string(header.content.value.text());
    return headers;
}

TEST(ActivateTracingSpan, HandsATraceOn) {
    const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (const char* stored : {"#Mon Mar 04 05:06:07 UTC 2024\n", "", "other=x\n", "! note\r\n  "}) {
        const auto headers = traced(stored + ("traceparent=00-" + trace + "-00f067aa0ba902b7-00\ntracestate=a\\=b\n"));
        const std::string parent = headers.at("traceparent");
        EXPECT_TRUE(parent.starts_with("00-" + trace + "-")) << parent;
        EXPECT_TRUE(parent.ends_with("-00")) << parent;
        EXPECT_EQ(parent.size(), 55U);
        EXPECT_EQ(parent.find("00f067aa0ba902b7"), std::string::npos) << "the span is its own";
        EXPECT_EQ(headers.at("tracestate"), "a=b");
    }
}

TEST(ActivateTracingSpan, BeginsOneUnlessAContextIsAskedFor) {
    const std::string broken = "traceparent=00-zz-1-01";
    for (const Json& context : {Json(nullptr), Json(""), Json(broken),
                                Json("traceparent=00-" + std::string(32, '0') + "-00f067aa0ba902b7-01")}) {
        const auto headers = traced(context);
        EXPECT_EQ(headers.size(), 1U);
        EXPECT_TRUE(headers.at("traceparent").starts_with("00-") && headers.at("traceparent").ends_with("-01"));
    }
    EXPECT_NE(traced(nullptr), traced(nullptr));
    EXPECT_TRUE(traced(nullptr, "true").empty());
    EXPECT_EQ(traced(broken, "true").size(), 1U);
}

}  // namespace
}  // namespace millrace::transform
