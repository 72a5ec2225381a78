#include <algorithm>
#include <set>

#include "record/plan_cache.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/schema_pool.h"
#include "transform/transform_types.h"
#include "transform/value_equality.h"

/// Debezium's smaller transforms of change events.
namespace millrace::transform {
namespace {

using record::Nulls;
using record::Record;
using record::Schema;
using record::SchemaPtr;
using record::StructView;
using record::Value;

constexpr Property kChangedOptions[] = {
    {.name = "header.changed.name",
     .documentation = "The header that lists the fields that an update changed; without it there is none."},
    {.name = "header.unchanged.name", .documentation = "The header that lists those that it did not."},
};
constexpr Property kToValueOptions[] = {
    {.name = "headers",
     .type = OptionType::List,
     .importance = Importance::High,
     .required = true,
     .rule = config::Rule::NonEmpty,
     .documentation = "Headers that become fields of the value."},
    {.name = "fields",
     .type = OptionType::List,
     .importance = Importance::High,
     .required = true,
     .rule = config::Rule::NonEmpty,
     .documentation = "The fields' names, in the order of the headers; a.b stands within a."},
    {.name = "operation",
     .importance = Importance::High,
     .required = true,
     .allowed = "move, copy",
     .documentation = "Whether the headers go (move) or stay (copy)."},
};
constexpr Property kSchemaChangeOptions[] = {
    {.name = "schema.change.event.exclude.list",
     .importance = Importance::High,
     .required = true,
     .documentation = "Kinds of schema change events that are left out: CREATE, ALTER, DROP, TRUNCATE, DATABASE."},
};

/// io.debezium.transforms.ExtractChangedRecordState
class ExtractChangedRecordState : public Transform {
  public:
    explicit ExtractChangedRecordState(const config::Settings& settings)
        : changed_(Header::of(settings.text("header.changed.name"))),
          unchanged_(Header::of(settings.text("header.unchanged.name"))) {}

    bool apply(Record& record, record::Arena& arena) override {
        if (record.value.value.is_null() || !is_envelope(record.value)) return true;
        const StructView envelope = require_struct(record.value, "Record value should be struct.", arena);
        const auto before = envelope.inner("before"), after = envelope.inner("after");
        std::vector<Value> changed, unchanged;
        if (before && after) {
            for (size_t i = 0; i < after->size(); ++i) {
                const auto& field = after->schema().fields[i];
                const bool is_same =
                    equal(*field.schema, before->raw(i, Nulls::AsTheyAre), after->raw(i, Nulls::AsTheyAre), arena);
                (is_same ? unchanged : changed).push_back(Value::text(field.name));
            }
        }
        add(record, changed_, changed, arena);
        add(record, unchanged_, unchanged, arena);
        return true;
    }
    unsigned parts() const override { return kHeaders | kValue; }

  private:
    struct Header {
        std::string name;
        SchemaPtr schema;
        static Header of(const std::string& name) {
            return {name, record::made({.type = record::Type::Array,
                                        .optional = true,
                                        .name = name,
                                        .items = record::plain(record::Type::String, true)})};
        }
    };
    static void add(Record& record, const Header& header, const std::vector<Value>& names, record::Arena& arena) {
        if (header.name.empty()) return;
        const auto list = record::new_fields(names.size(), arena);
        std::copy(names.begin(), names.end(), list.begin());
        record.add_header_in_place(header.name, {header.schema, Value::list(list)});
    }

    const Header changed_, unchanged_;
};

/// io.debezium.transforms.HeaderToValue
class HeaderToValue : public Transform {
  public:
    explicit HeaderToValue(const config::Settings& settings)
        : headers_(settings.list("headers")), is_move_(settings.text("operation") == "move") {
        for (const auto& field : settings.list("fields")) fields_.push_back(split(field, '.'));
        if (headers_.size() != fields_.size())
            throw ConfigError("headers", "'fields' config must have the same number of elements as 'headers' config.");
    }

    bool apply(Record& record, record::Arena& arena) override {
        if (record.value.value.is_null()) return true;
        require_struct(record.value, "Header field insertion", arena);
        std::vector<Entry> entries;
        for (const auto& header : record.headers) {
            const auto at = std::find(headers_.begin(), headers_.end(), header.name);
            if (at != headers_.end())
                entries.push_back({&fields_[static_cast<size_t>(at - headers_.begin())], &header.content});
        }
        if (entries.empty()) return true;
        record.value = with_entries(record.value, entries, 0, arena);
        record.value.schema = schemas_.first(record.value.schema);
        if (is_move_)
            record.headers_changed |=
                std::erase_if(record.headers, [&](const auto& header) {
                    return std::find(headers_.begin(), headers_.end(), header.name) != headers_.end();
                }) > 0;
        return true;
    }
    unsigned parts() const override { return kHeaders | kValue; }

  private:
    using Path = std::vector<std::string>;
    struct Entry {
        const Path* path;
        const record::SchemaAndValue* content;
    };

    /// The struct with what belongs `level` steps down its entries' paths.
    static record::SchemaAndValue with_entries(const record::SchemaAndValue& side, const std::vector<Entry>& entries,
                                               size_t level, record::Arena& arena) {
        Schema to = record::basics_of(*side.schema);
        std::vector<Value> values;
        std::optional<StructView> view;
        if (!side.value.is_null()) view.emplace(*side.schema, side.value, arena);
        for (size_t i = 0; i < side.schema->fields.size(); ++i) {
            const auto& field = side.schema->fields[i];
            std::vector<Entry> inner;
            for (const auto& entry : entries)
                if (entry.path->size() > level + 1 && (*entry.path)[level] == field.name) inner.push_back(entry);
            Value value = view ? view->raw(i) : Value();
            SchemaPtr schema = field.schema;
            if (!inner.empty()) {
                if (schema->type != record::Type::Struct)
                    throw FatalError(
                        format("Field '{}' is a primitive type, not a struct. Cannot add nested field '{}'.",
                               field.name, join(*inner[0].path, ".")));
                const auto made = with_entries({schema, value}, inner, level + 1, arena);
                schema = made.schema;
                value = made.value;
            }
            to.fields.push_back({field.name, schema});
            values.push_back(value);
        }
        for (const auto& entry : entries) {
            if (entry.path->size() > level + 1) {
                if (side.schema->field((*entry.path)[level]) == nullptr)
                    throw FatalError(format("Field '{}' does not exist in the schema. Cannot add nested field '{}'.",
                                            (*entry.path)[level], join(*entry.path, ".")));
                continue;
            }
            to.fields.push_back({entry.path->back(), entry.content->schema});
            values.push_back(entry.content->value);
        }
        if (!view) return {record::made(std::move(to)), Value()};
        const auto fields = record::new_fields(values.size(), arena);
        std::copy(values.begin(), values.end(), fields.begin());
        return {record::made(std::move(to)), Value::list(fields)};
    }

    const std::vector<std::string> headers_;
    std::vector<Path> fields_;
    const bool is_move_;
    SchemaPool schemas_;
};

/// io.debezium.transforms.SchemaChangeEventFilter
class SchemaChangeEventFilter : public Transform {
  public:
    explicit SchemaChangeEventFilter(const config::Settings& settings) {
        constexpr const char* kName = "schema.change.event.exclude.list";
        constexpr std::string_view kKinds[] = {"CREATE", "ALTER", "DROP", "TRUNCATE", "DATABASE"};
        for (auto& kind : settings.list(kName)) {
            if (std::find(std::begin(kKinds), std::end(kKinds), kind) == std::end(kKinds))
                throw ConfigError(
                    kName,
                    format("Invalid value {} for configuration {}: there is no kind {}; use CREATE, ALTER, DROP, "
                           "TRUNCATE, DATABASE",
                           settings.text(kName), kName, kind));
            excluded_.insert(std::move(kind));
        }
    }
    bool apply(Record& record, record::Arena& arena) override {
        const auto& schema = record.value.schema;
        if (record.value.value.is_null() || !schema ||
            (!schema->name.ends_with("SchemaChangeValue") && !schema->name.ends_with("SchemaChangeKey")))
            return true;
        const StructView event = require_struct(record.value, "Read schema change event to filter", arena);
        const Value changes = event.get("tableChanges");
        if (changes.is_null()) return false;
        if (changes.children().empty()) return !excluded_.contains("DATABASE");
        const StructView first(*schema->field("tableChanges")->schema->items, changes.children()[0], arena);
        return !excluded_.contains(std::string(first.get("type").text()));
    }
    unsigned parts() const override { return kValue; }

  private:
    std::set<std::string> excluded_;
};

/// io.debezium.connector.mysql.transforms.ReadToInsertEvent: rows of a snapshot as if they were inserted.
class ReadToInsertEvent : public Transform {
  public:
    explicit ReadToInsertEvent(const config::Settings& /*settings*/) {}
    bool apply(Record& record, record::Arena& arena) override {
        if (record.value.value.is_null() || !is_envelope(record.value)) return true;
        const StructView envelope = require_struct(record.value, "ReadToInsertEvent", arena);
        const auto op = envelope.schema().index_of("op");
        if (!op || envelope.get(*op).is_null() || envelope.get(*op).text() != "r") return true;
        const auto fields = record::new_fields(envelope.size(), arena);
        for (size_t i = 0; i < envelope.size(); ++i) fields[i] = envelope.raw(i, Nulls::AsTheyAre);
        fields[*op] = Value::text("c");
        record.value.value = Value::list(fields);
        return true;
    }
    unsigned parts() const override { return kValue; }
};

}  // namespace

const TransformType kExtractChangedRecordState{"io.debezium.transforms.ExtractChangedRecordState",
                                               table_of<kChangedOptions>, make_from<ExtractChangedRecordState>};
const TransformType kHeaderToValue{"io.debezium.transforms.HeaderToValue", table_of<kToValueOptions>,
                                   make_from<HeaderToValue>};
const TransformType kSchemaChangeEventFilter{"io.debezium.transforms.SchemaChangeEventFilter",
                                             table_of<kSchemaChangeOptions>, make_from<SchemaChangeEventFilter>};
const TransformType kReadToInsertEvent{"io.debezium.connector.mysql.transforms.ReadToInsertEvent", no_options,
                                       make_from<ReadToInsertEvent>};

}  // namespace millrace::transform
