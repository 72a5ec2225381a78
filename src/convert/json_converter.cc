#include "convert/json_converter.h"

#include <vector>

#include "base/decimal.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"
#include "record/struct_view.h"

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

}  // namespace

void append_parameters(std::string& out, std::string_view name, const record::Schema& schema) {
    if (schema.parameters.empty()) return;
    out += ",\"";
    out += name;
    out += "\":{";
    for (const auto& [parameter, value] : schema.parameters) {
        if (&parameter != &schema.parameters.front().first) out += ',';
        json_text::append_string(out, parameter);
        out += ':';
        json_text::append_string(out, value);
    }
    out += '}';
}

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
    append_parameters(out, "parameters", schema);
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

namespace {

using record::Value;

/// Schemas of so many are remembered; then all are forgotten.
constexpr size_t kSchemasMax = 1000;

}  // namespace

/// What is known of a schema before a value comes.
struct JsonConverter::Plan {
    const record::Schema* schema = nullptr;
    bool is_copied = true;           ///< The source's text is what is written.
    bool is_number = false;          ///< A Decimal as a number
    int scale = 0;                   ///< of this scale.
    std::string default_text;        ///< For a null; empty: there is none.
    std::vector<std::string> names;  ///< Of a struct's fields, with quotes and colon.
    std::vector<Plan> parts;         ///< A struct's fields; an array's items; a map's keys and values.

    static Plan of(const record::Schema& schema, const JsonConverterOptions& options) {
        Plan plan;
        plan.schema = &schema;
        const auto add = [&](const record::Schema& part) {
            plan.parts.push_back(of(part, options));
            const Plan& made = plan.parts.back();
            plan.is_copied = plan.is_copied && made.is_copied && made.default_text.empty();
        };
        for (const auto& field : schema.fields) {
            add(*field.schema);
            auto& name = plan.names.emplace_back();
            json_text::append_string(name, field.name);
            name += ':';
        }
        if (schema.keys) add(*schema.keys);
        if (schema.items) add(*schema.items);
        plan.is_number = options.decimals_are_numbers && schema.is_logical(record::kDecimal);
        if (plan.is_number) {
            plan.scale = record::decimal_scale(schema);
            plan.is_copied = false;
        }
        if (options.replace_null_with_default && schema.default_json && *schema.default_json != "null") {
            record::Arena arena;
            plan.append(plan.default_text, Value::json(*schema.default_json), arena);
        }
        return plan;
    }

    void append(std::string& out, const Value& value, record::Arena& arena, std::string_view field = {}) const {
        if (value.is_null()) return append_null(out, field);
        if (value.is(Value::Kind::Json) && is_copied) {
            out += value.json();
            return;
        }
        const Value open = record::opened(*schema, value, arena);
        switch (open.kind()) {
            case Value::Kind::Boolean:
                out += open.boolean() ? "true" : "false";
                break;
            case Value::Kind::Integer:
                json_text::append_int(out, open.integer());
                break;
            case Value::Kind::Float32:
                json_text::append_float(out, static_cast<float>(open.floating()));
                break;
            case Value::Kind::Float64:
                json_text::append_double(out, open.floating());
                break;
            case Value::Kind::Text:
                json_text::append_string(out, open.text());
                break;
            case Value::Kind::Bytes:
                if (is_number)
                    out += decimal::text_of(open.bytes(), scale);
                else
                    json_text::append_base64(out, open.bytes());
                break;
            case Value::Kind::List:
                schema->type == record::Type::Struct ? append_struct(out, open, arena) : append_array(out, open, arena);
                break;
            case Value::Kind::Map:
                append_map(out, open, arena);
                break;
            default:
                break;
        }
    }

  private:
    void append_null(std::string& out, std::string_view field) const {
        if (!default_text.empty())
            out += default_text;
        else if (schema->optional)
            out += "null";
        else
            throw FatalError(
                format("Conversion error: null value for {} that is required and has no default value",
                       field.empty() ? std::string("a value") : format("field {}", field.substr(0, field.size() - 1))));
    }
    void append_struct(std::string& out, const Value& value, record::Arena& arena) const {
        out += '{';
        const auto fields = value.children();
        for (size_t i = 0; i < fields.size(); ++i) {
            if (i > 0) out += ',';
            out += names[i];
            parts[i].append(out, fields[i], arena, names[i]);
        }
        out += '}';
    }
    void append_array(std::string& out, const Value& value, record::Arena& arena) const {
        out += '[';
        bool is_first = true;
        for (const auto& item : value.children()) {
            if (!std::exchange(is_first, false)) out += ',';
            parts[0].append(out, item, arena);
        }
        out += ']';
    }
    /// Keys that are texts make an object, others an array of pairs.
    void append_map(std::string& out, const Value& value, record::Arena& arena) const {
        const bool is_object = schema->keys->type == record::Type::String;
        out += is_object ? '{' : '[';
        const auto pairs = value.children();
        for (size_t i = 0; i < pairs.size(); i += 2) {
            if (i > 0) out += ',';
            if (!is_object) out += '[';
            parts[0].append(out, pairs[i], arena);
            out += is_object ? ':' : ',';
            parts[1].append(out, pairs[i + 1], arena);
            if (!is_object) out += ']';
        }
        out += is_object ? '}' : ']';
    }
};

struct JsonConverter::Known {
    record::SchemaPtr schema;
    std::shared_ptr<const std::string> prefix;
    Plan plan;
};

JsonConverter::JsonConverter(JsonConverterOptions options) : options_(options) {}
JsonConverter::~JsonConverter() = default;

JsonConverter::Known& JsonConverter::known(const record::SchemaPtr& schema) {
    if (last_ != nullptr && last_->schema == schema) return *last_;
    if (known_.size() >= kSchemasMax) known_.clear();
    auto& known = known_[schema.get()];
    if (!known) {
        known = std::make_unique<Known>(Known{schema, nullptr, Plan::of(*schema, options_)});
        if (options_.schemas_enable)
            known->prefix = std::make_shared<const std::string>(payload_prefix(options_, *schema));
    }
    last_ = known.get();
    return *last_;
}

Converted JsonConverter::append(std::string& out, std::string_view /*topic*/, const record::SchemaPtr& schema,
                                const record::Value& value, record::Arena& arena) {
    if (!schema) {
        if (value.is_null()) return {.is_null = true};
        if (options_.schemas_enable) out += "{\"schema\":null,\"payload\":";
        append_schemaless_json(out, value);
        out += payload_suffix(options_);
        return {};
    }
    Known& entry = known(schema);
    entry.plan.append(out, value, arena);
    out += payload_suffix(options_);
    return {.prefix = entry.prefix ? &entry.prefix : nullptr};
}

void JsonConverter::append_payload(std::string& out, const record::SchemaPtr& schema, const record::Value& value,
                                   record::Arena& arena) {
    if (schema)
        known(schema).plan.append(out, value, arena);
    else
        append_schemaless_json(out, value);
}

void append_schemaless_json(std::string& out, const record::Value& value) {
    switch (value.kind()) {
        case Value::Kind::Null:
            out += "null";
            break;
        case Value::Kind::Json:
            out += value.json();
            break;
        case Value::Kind::Boolean:
            out += value.boolean() ? "true" : "false";
            break;
        case Value::Kind::Integer:
            json_text::append_int(out, value.integer());
            break;
        case Value::Kind::Float32:
            json_text::append_float(out, static_cast<float>(value.floating()));
            break;
        case Value::Kind::Float64:
            json_text::append_double(out, value.floating());
            break;
        case Value::Kind::Text:
            json_text::append_string(out, value.text());
            break;
        case Value::Kind::Bytes:
            json_text::append_base64(out, value.bytes());
            break;
        case Value::Kind::List: {
            out += '[';
            for (const auto& item : value.children()) {
                if (&item != value.children().data()) out += ',';
                append_schemaless_json(out, item);
            }
            out += ']';
            break;
        }
        case Value::Kind::Map: {
            out += '{';
            for (size_t i = 0; i < value.children().size(); i += 2) {
                if (i > 0) out += ',';
                append_schemaless_json(out, value.children()[i]);
                out += ':';
                append_schemaless_json(out, value.children()[i + 1]);
            }
            out += '}';
            break;
        }
    }
}

}  // namespace millrace::convert
