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

/// What an extension can be: no long, which is a text.
Type extension_type(const Schema& schema) {
    switch (schema.type) {
        case Type::Boolean:
            return Type::Boolean;
        case Type::String:
        case Type::Int64:
            return Type::String;
        case Type::Int8:
        case Type::Int16:
        case Type::Int32:
            return Type::Int32;
        default:
            throw FatalError(format("Source field of type {} cannot be converted into CloudEvents extension attribute.",
                                    upper(record::name_of(schema.type))));
    }
}

/// An event's attributes as the beginning of a JSON object.
class JsonAttributes {
  public:
    explicit JsonAttributes(std::string& out) : out_(out) { out_ += '{'; }

    void text(std::string_view name, std::string_view text) {
        begin(name);
        json_text::append_string(out_, text);
    }
    void extension(const std::string& name, const Schema& schema, bool /*is_optional*/, const Value& value) {
        const Type type = extension_type(schema);
        begin(name);
        if (value.is_null())
            out_ += "null";
        else if (value.is(Value::Kind::Boolean))
            out_ += value.boolean() ? "true" : "false";
        else if (value.is(Value::Kind::Text))
            json_text::append_string(out_, value.text());
        else if (type == Type::String)
            json_text::append_string(out_, std::to_string(value.integer()));
        else
            json_text::append_int(out_, value.integer());
    }

  private:
    void begin(std::string_view name) {
        if (out_.back() != '{') out_ += ',';
        json_text::append_string(out_, name);
        out_ += ':';
    }

    std::string& out_;
};

/// The same as a struct; its schema is made where it is not known yet.
class StructAttributes {
  public:
    StructAttributes(bool makes_schema, record::Arena& arena) : makes_schema_(makes_schema), arena_(arena) {}

    void text(std::string_view name, std::string_view text) {
        add(name, Type::String, false, Value::text(arena_.copy(text)));
    }
    void bytes(std::string_view name, std::string_view bytes) {
        add(name, Type::Bytes, false, Value::bytes(arena_.copy(bytes)));
    }
    void extension(const std::string& name, const Schema& schema, bool is_optional, const Value& value) {
        const Type type = extension_type(schema);
        const bool becomes_text = type == Type::String && value.is(Value::Kind::Integer);
        add(name, type, is_optional, becomes_text ? Value::text(arena_.copy(std::to_string(value.integer()))) : value);
    }
    std::vector<record::Field>& fields() { return fields_; }
    Value value() {
        const auto children = record::new_fields(values_.size(), arena_);
        std::copy(values_.begin(), values_.end(), children.begin());
        return Value::list(children);
    }

  private:
    void add(std::string_view name, Type type, bool is_optional, const Value& value) {
        if (makes_schema_) fields_.push_back({std::string(name), record::plain(type, is_optional)});
        values_.push_back(value);
    }

    const bool makes_schema_;
    record::Arena& arena_;
    std::vector<record::Field> fields_;
    std::vector<Value> values_;
};

}  // namespace

/// What an event says of where it comes from.
struct CloudEventsConverter::Source {
    StructView source;
    std::optional<StructView> transaction;
    std::string operation, connector;
    record::SchemaPtr schema;  ///< Of `source`, or of what holds it.

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

CloudEventsConverter::CloudEventsConverter(Options options, std::unique_ptr<RegistryConverter> avro)
    : options_(std::move(options)), data_(options_.data), avro_(std::move(avro)) {}
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
    record::SchemaPtr source_schema = side.schema;  // what holds it
    std::string operation;
    if (options_.global == From::Header) {
        const auto* header = record.last_header("source");
        const auto* op = record.last_header("op");
        if (header == nullptr || op == nullptr) return {.is_null = true};
        if (!header->content.schema || header->content.schema->type != Type::Struct)
            throw FatalError(
                "The header source is no struct: have it made by ExtractNewRecordState's add.headers or HeaderFrom");
        source.emplace(*header->content.schema, header->content.value, arena);
        source_schema = header->content.schema;
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
    Source made{*source, transaction, operation, {}, source_schema};
    made.connector = made.text("connector", arena);
    const SchemaAndValue data = data_of(record, side, made, arena);
    if (options_.is_avro)
        append_avro_event(out, record, data, made, arena);
    else if (avro_ != nullptr)
        append_json_with_avro(out, record, data, made, arena);
    else
        append_json_event(out, record, data, made, arena);
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

SchemaAndValue CloudEventsConverter::data_of(const record::Record& record, const SchemaAndValue& side,
                                             const Source& source, record::Arena& arena) {
    const std::string name = options_.data_schema_name == From::Header
                                 ? text_of(record, "dataSchemaName")
                                 : format("io.debezium.connector.{}.Data", source.connector);
    const auto schema = data_schema(side.schema, name);
    const StructView event(*side.schema, side.value, arena);
    const auto fields = record::new_fields(schema->fields.size(), arena);
    for (size_t i = 0; i < fields.size(); ++i) fields[i] = event.raw(*side.schema->index_of(schema->fields[i].name));
    return {schema, Value::list(fields)};
}

template <typename Attributes>
void CloudEventsConverter::append_attributes(Attributes& to, const record::Record& record, const Source& source,
                                             const std::string& data_schema_uri) const {
    record::Arena arena;
    to.text("id", id_of(record, source));
    to.text("source", format("/debezium/{}/{}", source.connector, source.text("name", arena)));
    to.text("specversion", "1.0");
    to.text("type", options_.type == From::Header
                        ? text_of(record, "type")
                        : format("io.debezium.connector.{}.DataChangeEvent", source.connector));
    std::string time;
    iso_text::append_instant(time, source.source.get("ts_ms").integer() * 1000, 3);
    to.text("time", std::string_view(time).substr(1, time.size() - 2));
    to.text("datacontenttype", avro_ == nullptr ? "application/json" : "application/avro");
    if (avro_ != nullptr) to.text("dataschema", data_schema_uri);
    if (options_.has_trace_parent) {
        const auto* header = record.last_header("traceparent");
        to.text("traceparent", header == nullptr ? "" : text_of(record, "traceparent"));
    }
    if (options_.has_extensions) append_extensions(to, source);
}

template <typename Attributes>
void CloudEventsConverter::append_extensions(Attributes& to, const Source& source) const {
    to.text(extension_name("op"), source.operation);
    for (size_t i = 0; i < source.source.size(); ++i) {
        const auto& field = source.source.schema().fields[i];
        to.extension(extension_name(field.name), *field.schema, field.schema->optional, source.source.get(i));
    }
    for (const char* name : {"id", "total_order", "data_collection_order"}) {
        const auto at = source.transaction ? source.transaction->schema().index_of(name) : std::nullopt;
        const std::string extension = extension_name("tx" + std::string(name));
        if (at)
            to.extension(extension, *source.transaction->schema().fields[*at].schema, true,
                         source.transaction->get(*at));
        else
            to.extension(extension, *record::plain(Type::String, true), true, {});
    }
}

void CloudEventsConverter::append_json_event(std::string& out, const record::Record& record, const SchemaAndValue& data,
                                             const Source& source, record::Arena& arena) {
    JsonAttributes attributes(out);
    append_attributes(attributes, record, source, {});
    out += ",\"data\":";
    const size_t start = out.size();
    const Converted converted = data_.append(out, record.topic, data.schema, data.value, arena);
    if (converted.prefix != nullptr) out.insert(start, **converted.prefix);
    out += '}';
}

/// Returns what tells where the data's schema is.
std::string CloudEventsConverter::append_avro_data(std::string& out, std::string_view topic, const SchemaAndValue& data,
                                                   record::Arena& arena) {
    avro_->append(out, topic, data.schema, data.value, arena);
    return format("{}/schemas/ids/{}", options_.registry, avro_->last_id());
}

void CloudEventsConverter::append_json_with_avro(std::string& out, const record::Record& record,
                                                 const SchemaAndValue& data, const Source& source,
                                                 record::Arena& arena) {
    std::string bytes;
    const std::string uri = append_avro_data(bytes, record.topic, data, arena);
    JsonAttributes attributes(out);
    append_attributes(attributes, record, source, uri);
    out += ",\"data\":";
    json_text::append_base64(out, bytes);
    out += '}';
}

void CloudEventsConverter::append_avro_event(std::string& out, const record::Record& record, const SchemaAndValue& data,
                                             const Source& source, record::Arena& arena) {
    std::string bytes;
    const std::string uri = append_avro_data(bytes, std::string(record.topic) + "-data", data, arena);
    std::string name = options_.schema_name;
    if (name.empty()) name = format("{}.{}.CloudEvents.Envelope", source.text("name", arena), source.text("db", arena));
    if (envelopes_.size() >= kSchemasMax) envelopes_.clear();
    auto& [held, schema] = envelopes_[{&source.source.schema(), name}];
    StructAttributes attributes(schema == nullptr, arena);
    append_attributes(attributes, record, source, uri);
    attributes.bytes("data", bytes);
    if (schema == nullptr) {
        held = source.schema;
        schema = record::made({.type = Type::Struct,
                               .name = options_.adjust_name ? options_.adjust_name(name) : name,
                               .fields = std::move(attributes.fields())});
    }
    avro_->append(out, record.topic, schema, attributes.value(), arena);
}

}  // namespace millrace::convert
