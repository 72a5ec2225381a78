#include "convert/json_schema.h"

#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"

namespace millrace::convert {
namespace {

using record::Schema;
using record::Type;

const char* type_name(const Schema& schema) {
    switch (schema.type) {
        case Type::Int8:
        case Type::Int16:
        case Type::Int32:
        case Type::Int64:
            return "integer";
        case Type::Float32:
        case Type::Float64:
            return "number";
        case Type::Boolean:
            return "boolean";
        case Type::String:
            return "string";
        case Type::Bytes:
            return schema.is_logical(record::kDecimal) ? "number" : "string";
        case Type::Array:
            return "array";
        default:
            return "object";
    }
}

/// What connect.type says; empty: the JSON type says it all.
std::string_view connect_type(Type type) {
    switch (type) {
        case Type::String:
        case Type::Boolean:
        case Type::Array:
        case Type::Struct:
            return {};
        default:
            return record::name_of(type);
    }
}

void append_text(std::string& out, const char* name, std::string_view text) {
    out += format(",\"{}\":", name);
    json_text::append_string(out, text);
}

}  // namespace

JsonSchema::JsonSchema(record::SchemaPtr schema, Options options)
    : schema_(std::move(schema)), options_(options), values_(options.values) {
    append_schema(*schema_, std::nullopt);
}

void JsonSchema::append_schema(const Schema& schema, std::optional<size_t> index) {
    if (!schema.optional) return append_plain(schema, index);
    text_ += "{\"oneOf\":[{\"type\":\"null\"},";
    append_plain(schema, std::nullopt);
    text_ += ']';
    if (index) text_ += format(",\"connect.index\":{}", *index);
    text_ += '}';
}

void JsonSchema::append_plain(const Schema& schema, std::optional<size_t> index) {
    text_ += format("{{\"type\":\"{}\"", type_name(schema));
    if (!schema.name.empty()) append_text(text_, "title", schema.name);
    if (!schema.doc.empty()) append_text(text_, "description", schema.doc);
    if (schema.default_json) text_ += ",\"default\":" + *schema.default_json;
    append_properties(schema, index);
    append_kind(schema);
    text_ += '}';
}

void JsonSchema::append_properties(const Schema& schema, std::optional<size_t> index) {
    if (index) text_ += format(",\"connect.index\":{}", *index);
    if (const auto type = connect_type(schema.type); !type.empty()) append_text(text_, "connect.type", type);
    if (schema.version) text_ += format(",\"connect.version\":{}", *schema.version);
    append_parameters(text_, "connect.parameters", schema);
}

/// What of a container it holds.
void JsonSchema::append_kind(const Schema& schema) {
    if (schema.type == Type::Array) {
        text_ += ",\"items\":";
        append_schema(*schema.items, std::nullopt);
    } else if (schema.type == Type::Map) {
        if (schema.keys->type != Type::String)
            throw FatalError(format("The keys of map {} are no texts, and JSON Schema has no others", schema.name));
        text_ += ",\"additionalProperties\":";
        append_schema(*schema.items, std::nullopt);
    } else if (schema.type == Type::Struct) {
        text_ += ",\"properties\":{";
        for (size_t i = 0; i < schema.fields.size(); ++i) {
            if (i > 0) text_ += ',';
            json_text::append_string(text_, schema.fields[i].name);
            text_ += ':';
            append_schema(*schema.fields[i].schema, i);
        }
        text_ += '}';
        if (!options_.takes_additional_properties) text_ += ",\"additionalProperties\":false";
    }
}

}  // namespace millrace::convert
