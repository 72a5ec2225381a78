#include "convert/json_converter.h"

#include "base/json_text.h"

namespace millrace::convert {
namespace {

void append_children(std::string& out, const record::Schema& schema) {
    if (schema.type == record::Type::Struct) {
        out += ",\"fields\":[";
        for (const auto& field : schema.fields) {
            if (&field != &schema.fields.front()) out += ',';
            append_schema_json(out, *field.schema, field.name);
        }
        out += ']';
    } else if (schema.type == record::Type::Array) {
        out += ",\"items\":";
        append_schema_json(out, *schema.items);
    } else if (schema.type == record::Type::Map) {
        out += ",\"keys\":";
        append_schema_json(out, *schema.keys);
        out += ",\"values\":";
        append_schema_json(out, *schema.items);
    }
}

void append_parameters(std::string& out, const record::Schema& schema) {
    if (schema.parameters.empty()) return;
    out += ",\"parameters\":{";
    for (const auto& [name, value] : schema.parameters) {
        if (&name != &schema.parameters.front().first) out += ',';
        json_text::append_string(out, name);
        out += ':';
        json_text::append_string(out, value);
    }
    out += '}';
}

}  // namespace

void append_schema_json(std::string& out, const record::Schema& schema, std::string_view field) {
    out += "{\"type\":\"";
    out += record::name_of(schema.type);
    out += '"';
    append_children(out, schema);
    out += schema.optional ? ",\"optional\":true" : ",\"optional\":false";
    if (!schema.name.empty()) {
        out += ",\"name\":";
        json_text::append_string(out, schema.name);
    }
    if (schema.version) {
        out += ",\"version\":";
        json_text::append_int(out, *schema.version);
    }
    if (!schema.doc.empty()) {
        out += ",\"doc\":";
        json_text::append_string(out, schema.doc);
    }
    append_parameters(out, schema);
    if (schema.default_json) {
        out += ",\"default\":";
        out += *schema.default_json;
    }
    if (!field.empty()) {
        out += ",\"field\":";
        json_text::append_string(out, field);
    }
    out += '}';
}

std::string payload_prefix(const JsonConverterOptions& options, const record::Schema& schema) {
    if (!options.schemas_enable) return {};
    std::string out = "{\"schema\":";
    append_schema_json(out, schema);
    out += ",\"payload\":";
    return out;
}

}  // namespace millrace::convert
