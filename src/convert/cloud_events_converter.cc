#include "convert/cloud_events_converter.h"

#include "base/errors.h"
#include "base/iso_text.h"
#include "base/json_text.h"
#include "base/text.h"
#include "convert/java_text.h"
#include "record/struct_view.h"

namespace millrace::convert {
namespace {

using record::Schema;
using record::SchemaAndValue;
using record::StructView;
using record::Type;
using record::Value;

constexpr size_t kSchemasMax = 1000;

CloudEventsConverter::From from_named(std::string_view text, std::string_view whole) {
    if (iequals(text, "value")) return CloudEventsConverter::From::Value;
    if (iequals(text, "header")) return CloudEventsConverter::From::Header;
    if (iequals(text, "generate")) return CloudEventsConverter::From::Generate;
    throw ConfigError(
        "metadata.source",
        format("Invalid value {} for configuration metadata.source: Field source `{}` is not valid", whole, text));
}

/// iodebezium and the name's letters and digits.
std::string extension_name(std::string_view name) {
    std::string out = "iodebezium";
    for (const char c : name)
        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
    return out;
}

void append_field(std::string& out, std::string_view name, std::string_view text) {
    if (out.back() != '{') out += ',';
    json_text::append_string(out, name);
    out += ':';
    json_text::append_string(out, text);
}

/// Longs are texts among extensions.
void append_extension(std::string& out, const std::string& name, const Schema& schema, const Value& value) {
    out += ',';
    json_text::append_string(out, name);
    out += ':';
    switch (value.kind()) {
        case Value::Kind::Null:
            out += "null";
            break;
        case Value::Kind::Boolean:
            out += value.boolean() ? "true" : "false";
            break;
        case Value::Kind::Text:
            json_text::append_string(out, value.text());
            break;
        case Value::Kind::Integer:
            if (schema.type == Type::Int64)
                json_text::append_string(out, std::to_string(value.integer()));
            else
                json_text::append_int(out, value.integer());
            break;
        default:
            throw FatalError(format("Source field of type {} cannot be converted into CloudEvents extension attribute.",
                                    upper(record::name_of(schema.type))));
    }
}

}  // namespace

/// What an event says of where it comes from.
struct CloudEventsConverter::Source {
    StructView source;
    std::optional<StructView> transaction;
    std::string operation, connector;

    std::string text(std::string_view field, record::Arena& arena) const {
        const auto at = source.schema().index_of(field);
        std::string out;
        append_java_text(out, at ? source.schema().fields[*at].schema.get() : nullptr, at ? source.get(*at) : Value(),
                         arena);
        return out;
    }
};

void CloudEventsConverter::Options::read_metadata_source(const std::string& text, bool takes_data_schema_name) {
    const auto parts = split_list(text);
    if (parts.empty()) throw ConfigError("metadata.source", "metadata.source is empty");
    global = from_named(parts[0], text);
    if (global == From::Generate) throw ConfigError("metadata.source", "Global metadata source can't be GENERATE");
    id = type = data_schema_name = global;
    for (size_t i = 1; i < parts.size(); ++i) {
        const auto pair = split(parts[i], ':');
        const From from = from_named(pair.size() == 2 ? pair[1] : "", text);
        if (from == From::Value) throw ConfigError("metadata.source", "Field metadata source can't be VALUE");
        if (pair[0] == "id")
            id = from;
        else if (pair[0] == "type")
            type = from;
        else if (pair[0] == "dataSchemaName")
            data_schema_name = from;
        else if (pair[0] != "traceparent")
            throw ConfigError("metadata.source", format("Field `{}` is not allowed to set custom source", pair[0]));
    }
    if (data_schema_name == From::Header && !takes_data_schema_name) data_schema_name = From::Generate;
}

CloudEventsConverter::CloudEventsConverter(Options options) : options_(options), data_(options.data) {}
CloudEventsConverter::~CloudEventsConverter() = default;

Converted CloudEventsConverter::append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                                       const Value& value, record::Arena& arena) {
    record::Record record;
    record.topic = topic;
    return append_record(out, record, {schema, value}, arena);
}

/// A header's text. Throws FatalError if it is missing.
std::string CloudEventsConverter::text_of(const record::Record& record, std::string_view name) const {
    const auto* header = record.last_header(name);
    if (header == nullptr)
        throw FatalError(format("Header `{}` was not provided, which metadata.source asks for", name));
    std::string out;
    record::Arena arena;
    append_java_text(out, header->content.schema.get(), header->content.value, arena);
    return out;
}

Converted CloudEventsConverter::append_record(std::string& out, const record::Record& record,
                                              const SchemaAndValue& side, record::Arena& arena) {
    if (!side.schema || side.value.is_null()) return {.is_null = true};
    if (options_.global == From::Value && !side.schema->name.ends_with(".Envelope")) return {.is_null = true};
    if (side.schema->type != Type::Struct) throw FatalError("CloudEvents need a struct");
    const StructView event(*side.schema, side.value, arena);
    std::optional<StructView> source, transaction;
    std::string operation;
    if (options_.global == From::Header) {
        const auto* header = record.last_header("source");
        const auto* op = record.last_header("op");
        if (header == nullptr || op == nullptr) return {.is_null = true};
        if (!header->content.schema || header->content.schema->type != Type::Struct)
            throw FatalError(
                "The header source is no struct: have it made by ExtractNewRecordState's add.headers or HeaderFrom");
        source.emplace(*header->content.schema, header->content.value, arena);
        operation = text_of(record, "op");
        const auto* block = record.last_header("transaction");
        if (block != nullptr && block->content.schema && !block->content.value.is_null())
            transaction.emplace(*block->content.schema, block->content.value, arena);
    } else {
        source = event.inner("source");
        if (!source) throw FatalError("A CloudEvent needs an event's source, and this one has none");
        transaction = event.inner("transaction");
        operation = event.get("op").text();
    }
    Source made{*source, transaction, operation, {}};
    made.connector = made.text("connector", arena);
    append_event(out, record, side, made, arena);
    return {};
}

std::string CloudEventsConverter::id_of(const record::Record& record, const Source& source) const {
    if (options_.id == From::Header) return text_of(record, "id");
    record::Arena arena;
    const auto part = [&](const char* title, const char* field) {
        return format(";{}:{}", title, source.text(field, arena));
    };
    const std::string head = "name:" + source.text("name", arena);
    if (source.source.schema().field("lsn") != nullptr)
        return head + part("lsn", "lsn") + part("txId", "txId") + part("sequence", "sequence");
    if (source.source.schema().field("file") != nullptr) return head + part("file", "file") + part("pos", "pos");
    throw FatalError(format("No usable CloudEvents converters for connector type \"{}\"", source.connector));
}

record::SchemaPtr CloudEventsConverter::data_schema(const record::SchemaPtr& envelope, const std::string& name) {
    if (schemas_.size() >= kSchemasMax) schemas_.clear();
    auto& [held, schema] = schemas_[{envelope.get(), name}];
    if (schema) return schema;
    held = envelope;
    Schema made{.type = Type::Struct, .name = name};
    for (const auto& field : envelope->fields)
        if (options_.global == From::Header || field.name == "before" || field.name == "after")
            made.fields.push_back(field);
    return schema = record::made(std::move(made));
}

void CloudEventsConverter::append_event(std::string& out, const record::Record& record, const SchemaAndValue& side,
                                        const Source& source, record::Arena& arena) {
    out += '{';
    append_field(out, "id", id_of(record, source));
    append_field(out, "source", format("/debezium/{}/{}", source.connector, source.text("name", arena)));
    append_field(out, "specversion", "1.0");
    append_field(out, "type",
                 options_.type == From::Header ? text_of(record, "type")
                                               : format("io.debezium.connector.{}.DataChangeEvent", source.connector));
    out += ",\"time\":";
    iso_text::append_instant(out, source.source.get("ts_ms").integer() * 1000, 3);
    append_field(out, "datacontenttype", "application/json");
    if (options_.has_trace_parent) {
        const auto* header = record.last_header("traceparent");
        append_field(out, "traceparent", header == nullptr ? "" : text_of(record, "traceparent"));
    }
    if (options_.has_extensions) append_extensions(out, source);
    out += ",\"data\":";
    const std::string name = options_.data_schema_name == From::Header
                                 ? text_of(record, "dataSchemaName")
                                 : format("io.debezium.connector.{}.Data", source.connector);
    const auto schema = data_schema(side.schema, name);
    const StructView event(*side.schema, side.value, arena);
    const auto fields = record::new_fields(schema->fields.size(), arena);
    for (size_t i = 0; i < fields.size(); ++i) fields[i] = event.raw(*side.schema->index_of(schema->fields[i].name));
    const size_t start = out.size();
    const Converted data = data_.append(out, record.topic, schema, Value::list(fields), arena);
    if (data.prefix != nullptr) out.insert(start, **data.prefix);
    out += '}';
}

void CloudEventsConverter::append_extensions(std::string& out, const Source& source) const {
    append_field(out, extension_name("op"), source.operation);
    for (size_t i = 0; i < source.source.size(); ++i) {
        const auto& field = source.source.schema().fields[i];
        append_extension(out, extension_name(field.name), *field.schema, source.source.get(i));
    }
    for (const char* name : {"id", "total_order", "data_collection_order"}) {
        const auto at = source.transaction ? source.transaction->schema().index_of(name) : std::nullopt;
        const std::string extension = extension_name("tx" + std::string(name));
        if (at)
            append_extension(out, extension, *source.transaction->schema().fields[*at].schema,
                             source.transaction->get(*at));
        else
            append_extension(out, extension, *record::plain(Type::String, true), {});
    }
}

}  // namespace millrace::convert
