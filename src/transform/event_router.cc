#include <map>

#include "base/log.h"
#include "transform/json_payload.h"
#include "transform/options.h"
#include "transform/regex_router.h"
#include "transform/require.h"
#include "transform/schema_pool.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

using record::Nulls;
using record::Record;
using record::Schema;
using record::SchemaAndValue;
using record::SchemaPtr;
using record::StructView;
using record::Type;
using record::Value;

constexpr Property kOptions[] = {
    {.name = "table.field.event.id",
     .default_value = "id",
     .documentation = "The column with the event's id; it becomes the header id."},
    {.name = "table.field.event.key",
     .default_value = "aggregateid",
     .documentation = "The column with the record's key."},
    {.name = "table.field.event.type", .default_value = "type", .documentation = "The column with the event's type."},
    {.name = "table.field.event.timestamp",
     .importance = Importance::Medium,
     .documentation = "The column with the record's time; without it that of the change event is."},
    {.name = "table.field.event.payload",
     .default_value = "payload",
     .documentation = "The column with what the event says."},
    {.name = "table.fields.additional.placement",
     .type = OptionType::List,
     .importance = Importance::High,
     .documentation = "Further columns: COLUMN:header, COLUMN:envelope or COLUMN:partition, each with :ALIAS if it is "
                      "to have another name."},
    {.name = "table.fields.additional.error.on.missing",
     .type = OptionType::Boolean,
     .default_value = "true",
     .importance = Importance::Medium,
     .documentation = "Whether a table without such a column is an error."},
    {.name = "table.field.event.schema.version", .documentation = "The column with the version of the value's schema."},
    {.name = "route.by.field",
     .default_value = "aggregatetype",
     .importance = Importance::High,
     .documentation = "The column that decides on the topic."},
    {.name = "route.topic.regex",
     .default_value = "(?<routedByValue>.*)",
     .documentation = "What of its value goes into the topic's name."},
    {.name = "route.topic.replacement",
     .default_value = "outbox.event.${routedByValue}",
     .importance = Importance::High,
     .documentation = "The topic."},
    {.name = "route.tombstone.on.empty.payload",
     .type = OptionType::Boolean,
     .default_value = "false",
     .importance = Importance::High,
     .documentation = "Whether an event without a payload is a tombstone."},
    {.name = "table.op.invalid.behavior",
     .default_value = "warn",
     .importance = Importance::Medium,
     .allowed = "warn, error, fatal",
     .ignores_case = true,
     .documentation = "What an UPDATE of the table does: a warning, an error in the log, or the end of the task."},
    {.name = "table.expand.json.payload",
     .type = OptionType::Boolean,
     .default_value = "false",
     .importance = Importance::Medium,
     .documentation = "Whether a payload of JSON becomes a struct."},
    {.name = "table.json.payload.null.behavior",
     .default_value = "ignore",
     .importance = Importance::Medium,
     .allowed = "ignore, optional_bytes",
     .ignores_case = true,
     .documentation = "Whether its nulls are left out or kept."},
    {.name = "field.name.adjustment.mode",
     .default_value = "none",
     .allowed = "none, avro, avro_unicode",
     .documentation = "How the names of its fields are adjusted."},
    {.name = "tracing.span.context.field",
     .default_value = "tracingspancontext",
     .support = config::Support::NoEffect,
     .documentation = "Needs OpenTelemetry."},
    {.name = "tracing.operation.name",
     .default_value = "debezium-read",
     .support = config::Support::NoEffect,
     .documentation = "Needs OpenTelemetry."},
    {.name = "tracing.with.context.field.only",
     .type = OptionType::Boolean,
     .default_value = "false",
     .support = config::Support::NoEffect,
     .documentation = "Needs OpenTelemetry."},
};

struct Additional {
    enum class Placement { Header, Envelope, Partition };
    std::string field, alias;
    Placement placement = Placement::Header;

    static std::vector<Additional> list(const config::Settings& settings) {
        constexpr const char* kName = "table.fields.additional.placement";
        std::vector<Additional> all;
        for (const auto& item : settings.list(kName)) {
            const auto parts = split(item, ':');
            const auto refuse = [&](std::string_view why) {
                return ConfigError(kName, format("The '{}' value is invalid: {}: {}", kName, item, why));
            };
            if (parts.size() != 2 && parts.size() != 3)
                throw refuse("A comma-separated list of valid String pairs or trios is expected");
            Additional made;
            made.field = std::string(trimmed(parts[0]));
            made.alias = std::string(trimmed(parts.size() == 3 ? parts[2] : parts[0]));
            const std::string placement(trimmed(parts[1]));
            if (iequals(placement, "envelope"))
                made.placement = Placement::Envelope;
            else if (iequals(placement, "partition"))
                made.placement = Placement::Partition;
            else if (!iequals(placement, "header"))
                throw refuse("the placement must be header, envelope or partition");
            all.push_back(std::move(made));
        }
        return all;
    }
};

/// io.debezium.transforms.outbox.EventRouter: rows inserted into an outbox table as events of their own.
class EventRouter : public Transform {
  public:
    explicit EventRouter(const config::Settings& settings)
        : id_(settings.text("table.field.event.id")),
          key_(settings.text("table.field.event.key")),
          timestamp_(settings.text("table.field.event.timestamp")),
          payload_(settings.text("table.field.event.payload")),
          version_(settings.text("table.field.event.schema.version")),
          route_by_(settings.text("route.by.field")),
          additional_(Additional::list(settings)),
          errs_on_missing_(settings.boolean("table.fields.additional.error.on.missing", true)),
          makes_tombstones_(settings.boolean("route.tombstone.on.empty.payload")),
          expands_(settings.boolean("table.expand.json.payload")),
          invalid_(settings.text("table.op.invalid.behavior")),
          json_(iequals(settings.text("table.json.payload.null.behavior"), "optional_bytes"),
                events::NameAdjustment::from(settings, events::NameAdjustment::Of::Fields)),
          router_(regex_option(settings, "route.topic.regex"), settings.text("route.topic.replacement")) {
        for (const auto& one : additional_) has_envelope_ |= one.placement == Additional::Placement::Envelope;
    }

    bool apply(Record& record, record::Arena& arena) override {
        if (record.value.value.is_null()) return false;
        if (!is_envelope(record.value)) return true;
        const StructView envelope = require_struct(record.value, "Detect Debezium Operation", arena);
        const std::string_view op = envelope.get("op").text();
        if (op == "d") return false;
        if (op == "u") return refuse_update(record);
        const auto row = envelope.inner("after");
        if (!row) {  // a TRUNCATE
            log::warn("transform", format("An event {} of {} has no row and is ignored", op, record.topic));
            return false;
        }
        route(record, envelope, *row, arena);
        return true;
    }
    unsigned parts() const override { return kTopic | kHeaders | kKey | kValue; }

  private:
    bool refuse_update(const Record& record) const {
        const std::string what = format("Unexpected update message received in {}", record.topic);
        if (iequals(invalid_, "fatal"))
            throw FatalError(what + ", fail. The outbox table is for inserts; see table.op.invalid.behavior");
        if (iequals(invalid_, "error"))
            log::error("transform", what + " and ignored");
        else
            log::warn("transform", what + " and ignored");
        return false;
    }

    static size_t need(const StructView& row, const std::string& field, const char* property) {
        const auto at = row.schema().index_of(field);
        if (!at) throw FatalError(format("Unable to find {} field {} in event", property, field));
        return *at;
    }

    void route(Record& record, const StructView& envelope, const StructView& row, record::Arena& arena) {
        const Schema& schema = row.schema();
        const size_t payload_at = need(row, payload_, "payload"), id_at = need(row, id_, "event-id");
        const size_t route_at = need(row, route_by_, "route.by.field"), key_at = need(row, key_, "event-key");
        if (schema.fields[route_at].schema->type != Type::String)
            throw FatalError(format("Field '{}' is not of type STRING (route.by.field)", route_by_));
        const Value route = row.get(route_at, Nulls::AsTheyAre);
        if (route.is_null()) throw FatalError(format("The field {} (route.by.field) is null", route_by_));
        record.timestamp_ms = time_of(envelope, row);
        record.add_header(id_header_, {schema.fields[id_at].schema, row.get(id_at)});
        SchemaAndValue payload{schema.fields[payload_at].schema, row.get(payload_at)};
        if (expands_) expand(payload, record.topic, arena);
        const SchemaAndValue value = value_of(payload, row, route.text(), arena);
        record.partition.reset();
        place_additional(record, row);
        const bool is_empty =
            payload.value.is_null() || (payload.value.is(Value::Kind::Text) && trimmed(payload.value.text()).empty());
        record.key = {schema.fields[key_at].schema, row.get(key_at)};
        record.value = is_empty && makes_tombstones_ ? SchemaAndValue{} : value;
        const auto& topic = router_.replaced(route.text());
        record.topic = topic ? arena.copy(*topic) : route.text();
    }

    std::optional<int64_t> time_of(const StructView& envelope, const StructView& row) const {
        const auto event_time = [&]() -> std::optional<int64_t> {
            const Value ms = envelope.get("ts_ms");
            return ms.is_null() ? std::nullopt : std::optional(ms.integer());
        };
        if (timestamp_.empty()) return event_time();
        const size_t at = need(row, timestamp_, "timestamp");
        const Schema& schema = *row.schema().fields[at].schema;
        if (schema.type != Type::Int64)
            throw FatalError(format("Field '{}' is not of type INT64 (table.field.event.timestamp)", timestamp_));
        const Value time = row.get(at, Nulls::AsTheyAre);
        if (time.is_null()) return event_time();
        if (schema.is_logical("io.debezium.time.Timestamp")) return time.integer();
        if (schema.is_logical("io.debezium.time.MicroTimestamp")) return time.integer() / 1'000;
        if (schema.is_logical("io.debezium.time.NanoTimestamp")) return time.integer() / 1'000'000;
        throw FatalError(format("Unsupported field type {} for event timestamp (table.field.event.timestamp={})",
                                schema.name.empty() ? "without logical schema name" : schema.name, timestamp_));
    }

    void expand(SchemaAndValue& payload, std::string_view topic, record::Arena& arena) {
        if (!payload.value.is(Value::Kind::Text)) {
            warn(format("table.expand.json.payload is on, but the payload of a record in {} is no text", topic));
            return;
        }
        std::string problem;
        if (auto made = json_.read(payload.value.text(), payload_, arena, problem)) {
            payload = *made;
            payload.schema = schemas_.first(payload.schema);
        } else {
            warn(format("JSON expansion failed in {}: {}", topic, problem));
        }
    }
    static void warn(const std::string& what) { log::warn("transform", what); }

    /// The payload alone or, where further columns go into the envelope, a struct of it and them.
    SchemaAndValue value_of(const SchemaAndValue& payload, const StructView& row, std::string_view route,
                            record::Arena& arena) {
        if (!has_envelope_) return payload;
        const SchemaPtr schema = envelope_schema(payload.schema, row, route);
        const auto fields = record::new_fields(schema->fields.size(), arena);
        fields[0] = payload.value;
        size_t at = 1;
        for (const auto& one : additional_) {
            if (one.placement != Additional::Placement::Envelope) continue;
            if (const auto place = place_of(row, one)) fields[at++] = row.get(*place);
        }
        return {schema, Value::list(fields)};
    }

    /// Named after the route of the first event with such a payload, or with such a version.
    SchemaPtr envelope_schema(const SchemaPtr& payload, const StructView& row, std::string_view route) {
        std::optional<int> version;
        if (!version_.empty()) {
            const size_t at = need(row, version_, "schema version");
            if (row.schema().fields[at].schema->type != Type::Int32)
                throw FatalError(
                    format("Field '{}' is not of type INT32 (table.field.event.schema.version)", version_));
            const Value value = row.get(at, Nulls::AsTheyAre);
            if (!value.is_null()) version = static_cast<int>(value.integer());
        }
        auto& known =
            version_.empty() ? envelopes_[{payload.get(), std::nullopt}] : envelopes_[{payload.get(), version}];
        if (known) return known;
        Schema made{.type = Type::Struct, .name = name_of(row.schema(), route), .version = version};
        if (!version_.empty()) {
            auto& first = names_by_version_[version];
            if (first.empty()) first = made.name;
            made.name = first;
        }
        made.fields.push_back({"payload", payload});
        for (const auto& one : additional_) {
            if (one.placement != Additional::Placement::Envelope) continue;
            if (const auto place = place_of(row, one))
                made.fields.push_back({one.alias, row.schema().fields[*place].schema});
        }
        held_.push_back(payload);
        return known = record::made(std::move(made));
    }
    static std::string name_of(const Schema& row, std::string_view route) {
        if (row.name.empty()) return std::string(route);
        const size_t dot = row.name.rfind('.');
        if (dot == std::string::npos) return format("{}.{}", route, row.name);
        return format("{}{}.{}", row.name.substr(0, dot + 1), route, row.name.substr(dot + 1));
    }

    std::optional<size_t> place_of(const StructView& row, const Additional& one) const {
        const auto at = row.schema().index_of(one.field);
        if (!at && errs_on_missing_)
            throw FatalError(format("{} is not a valid field name (table.fields.additional.placement)", one.field));
        return at;
    }
    void place_additional(Record& record, const StructView& row) const {
        for (const auto& one : additional_) {
            if (one.placement == Additional::Placement::Envelope) continue;
            const auto at = place_of(row, one);
            if (!at) continue;
            const Value value = row.get(*at);
            if (one.placement == Additional::Placement::Header) {
                record.add_header(one.alias, {row.schema().fields[*at].schema, value});
                continue;
            }
            if (row.schema().fields[*at].schema->type != Type::Int32)
                throw FatalError(format("Field '{}' is not of type INT32 (placement partition)", one.field));
            if (const Value number = row.get(*at, Nulls::AsTheyAre); !number.is_null())
                record.partition = static_cast<int32_t>(number.integer());
        }
    }

    const std::string id_, key_, timestamp_, payload_, version_, route_by_;
    const std::vector<Additional> additional_;
    const bool errs_on_missing_, makes_tombstones_, expands_;
    const std::string invalid_;
    const JsonPayload json_;
    RegexRouter router_;
    bool has_envelope_ = false;
    const std::string id_header_ = "id";
    SchemaPool schemas_;
    std::map<std::pair<const Schema*, std::optional<int>>, SchemaPtr> envelopes_;
    std::map<std::optional<int>, std::string> names_by_version_;
    std::vector<SchemaPtr> held_;  ///< Whose addresses envelopes_ knows.
};

}  // namespace

const TransformType kEventRouter{"io.debezium.transforms.outbox.EventRouter", table_of<kOptions>,
                                 make_from<EventRouter>};

}  // namespace millrace::transform
