#include "convert/avro_schema.h"

#include <algorithm>
#include <bit>
#include <map>

#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"
#include "base/varint.h"
#include "convert/binary_format.h"
#include "convert/json_converter.h"
#include "record/struct_view.h"

namespace millrace::convert {
namespace {

using record::Schema;
using record::Type;
using record::Value;

constexpr std::string_view kNamespace = "io.confluent.connect.avro";
constexpr int kPrecision = 64;  ///< Of a Decimal that does not tell.

void append_bytes(std::string& out, std::string_view bytes) {
    varint::append_signed(out, static_cast<int64_t>(bytes.size()));
    out += bytes;
}

const char* type_name(Type type) {
    switch (type) {
        case Type::Int8:
        case Type::Int16:
        case Type::Int32:
            return "int";
        case Type::Int64:
            return "long";
        case Type::Float32:
            return "float";
        case Type::Float64:
            return "double";
        case Type::Boolean:
            return "boolean";
        case Type::String:
            return "string";
        case Type::Bytes:
            return "bytes";
        case Type::Array:
            return "array";
        case Type::Map:
            return "map";
        default:
            return "record";
    }
}

}  // namespace

/// How a value of one schema is encoded.
struct AvroSchema::Node {
    const Schema* schema = nullptr;
    int null_branch = -1, value_branch = -1;  ///< Of the union that an optional schema is; -1: it is none.
    bool takes_default = false;               ///< A null counts as the default.
    bool is_pair_list = false;                ///< A map whose keys are no texts: an array of records.
    std::vector<Node> parts;

    static Node of(const Schema& schema, const Options& options) {
        Node node;
        node.schema = &schema;
        if (schema.optional) {
            const bool is_null_first = !schema.default_json || schema.type == Type::Struct;
            node.null_branch = is_null_first ? 0 : 1;
            node.value_branch = is_null_first ? 1 : 0;
        }
        node.takes_default = schema.default_json && !(options.ignore_default_for_nullables && schema.optional);
        for (const auto& field : schema.fields) node.parts.push_back(of(*field.schema, options));
        if (schema.keys) {
            node.parts.push_back(of(*schema.keys, options));
            node.is_pair_list = schema.keys->type != Type::String || schema.keys->optional;
        }
        if (schema.items) node.parts.push_back(of(*schema.items, options));
        return node;
    }

    void append(std::string& out, const Value& raw, record::Arena& arena, std::string_view field) const {
        const Value& given = raw.is_null() && takes_default ? record::default_of(*schema) : raw;
        if (given.is_null()) {
            if (null_branch < 0)
                throw FatalError(format("Invalid value: null used for required field: \"{}\", schema type: {}", field,
                                        upper(record::name_of(schema->type))));
            varint::append_signed(out, null_branch);
            return;
        }
        if (value_branch >= 0) varint::append_signed(out, value_branch);
        append_value(out, record::opened(*schema, given, arena), arena);
    }

  private:
    void append_value(std::string& out, const Value& value, record::Arena& arena) const {
        switch (value.kind()) {
            case Value::Kind::Boolean:
                out += value.boolean() ? '\x01' : '\x00';
                break;
            case Value::Kind::Integer:
                varint::append_signed(out, value.integer());
                break;
            case Value::Kind::Float32:
                append_little_endian(out, std::bit_cast<uint32_t>(static_cast<float>(value.floating())));
                break;
            case Value::Kind::Float64:
                append_little_endian(out, std::bit_cast<uint64_t>(value.floating()));
                break;
            case Value::Kind::Text:
                append_bytes(out, value.text());
                break;
            case Value::Kind::Bytes:
                append_bytes(out, value.bytes());
                break;
            case Value::Kind::List:
                if (schema->type == Type::Struct)
                    append_struct(out, value, arena);
                else
                    append_array(out, value, arena);
                break;
            case Value::Kind::Map:
                append_map(out, value, arena);
                break;
            default:
                break;
        }
    }
    void append_struct(std::string& out, const Value& value, record::Arena& arena) const {
        for (size_t i = 0; i < parts.size(); ++i)
            parts[i].append(out, value.children()[i], arena, schema->fields[i].name);
    }
    /// One block, then the empty one that ends it.
    void append_array(std::string& out, const Value& value, record::Arena& arena) const {
        const auto items = value.children();
        if (!items.empty()) varint::append_signed(out, static_cast<int64_t>(items.size()));
        for (const auto& item : items) parts[0].append(out, item, arena, "item");
        varint::append_signed(out, 0);
    }
    void append_map(std::string& out, const Value& value, record::Arena& arena) const {
        const auto pairs = value.children();
        if (!pairs.empty()) varint::append_signed(out, static_cast<int64_t>(pairs.size() / 2));
        const auto append_entry = [&](size_t at) {
            parts[0].append(out, pairs[at], arena, "key");
            parts[1].append(out, pairs[at + 1], arena, "value");
        };
        if (is_pair_list) {
            for (size_t i = 0; i < pairs.size(); i += 2) append_entry(i);
        } else {
            // In the order of the HashMap that AvroData puts them into.
            std::vector<std::string> keys;
            for (size_t i = 0; i < pairs.size(); i += 2)
                keys.emplace_back(record::opened(*schema->keys, pairs[i], arena).text());
            for (const size_t i : java_hash_order(keys)) append_entry(i * 2);
        }
        varint::append_signed(out, 0);
    }
};

/// Writes the schema's JSON.
class AvroSchema::Writer {
  public:
    explicit Writer(const Options& options) : options_(options) {}

    void append(std::string& out, const Schema& schema, const std::string& space) {
        if (!schema.optional) return append_plain(out, schema, space);
        const bool is_null_first = !schema.default_json || schema.type == Type::Struct;
        out += is_null_first ? "[\"null\"," : "[";
        append_plain(out, schema, space);
        out += is_null_first ? "]" : ",\"null\"]";
    }

    /// What a schema without a name is called.
    std::pair<std::string, std::string> name_of(const Schema& schema) {
        if (schema.name.empty())
            return {std::string(kNamespace),
                    format("ConnectDefault{}", ++unnamed_ > 1 ? std::to_string(unnamed_) : "")};
        const size_t dot = schema.name.rfind('.');
        if (dot == std::string::npos) return {"", schema.name};
        return {schema.name.substr(0, dot), schema.name.substr(dot + 1)};
    }

  private:
    void append_plain(std::string& out, const Schema& schema, const std::string& space) {
        if (schema.type == Type::Struct) return append_record(out, schema, space);
        std::string properties;
        append_properties(properties, schema);
        if (record::is_primitive(schema.type)) {
            const std::string type = format("\"{}\"", type_name(schema.type));
            out += properties.empty() ? type : format("{{\"type\":{}{}}}", type, properties);
            return;
        }
        const bool is_map = schema.type == Type::Map && schema.keys->type == Type::String && !schema.keys->optional;
        out += is_map ? "{\"type\":\"map\",\"values\":" : "{\"type\":\"array\",\"items\":";
        if (schema.type == Type::Map && !is_map)
            append_pair(out, schema, space);
        else
            append(out, *schema.items, space);
        out += properties + "}";
    }

    /// The record of a key and a value that stands for a map's entry.
    void append_pair(std::string& out, const Schema& map, const std::string& space) {
        const bool is_named = !map.name.empty();
        const auto [own_space, name] =
            is_named ? name_of(map) : std::pair(std::string(kNamespace), std::string("MapEntry"));
        out += format("{{\"type\":\"record\",\"name\":\"{}\"", name);
        if (!own_space.empty() && own_space != space) out += format(",\"namespace\":\"{}\"", own_space);
        out += ",\"fields\":[";
        append_field(out, "key", *map.keys, own_space);
        out += ',';
        append_field(out, "value", *map.items, own_space);
        out += is_named ? "],\"connect.internal.type\":\"MapEntry\"}" : "]}";
    }

    /// A record's fields are told where it is met first; after that its name is.
    void append_record(std::string& out, const Schema& schema, const std::string& space) {
        const auto [own_space, name] = name_of(schema);
        const std::string full = own_space.empty() ? name : own_space + "." + name;
        if (const auto known = known_.find(full);
            known != known_.end() && record::same_but_optional(*known->second, schema)) {
            out += format("\"{}\"", own_space.empty() || own_space == space ? name : full);
            return;
        }
        for (const auto& part : split(full, '.')) require_name(part, "Avro", "schema.name.adjustment.mode");
        known_.emplace(full, &schema);
        out += format("{{\"type\":\"record\",\"name\":\"{}\"", name);
        if (!own_space.empty() && own_space != space) out += format(",\"namespace\":\"{}\"", own_space);
        out += ",\"fields\":[";
        bool is_first = true;
        for (const auto& field : schema.fields) {
            require_name(field.name, "Avro", "field.name.adjustment.mode");
            if (!std::exchange(is_first, false)) out += ',';
            append_field(out, field.name, *field.schema, own_space);
        }
        out += ']';
        append_properties(out, schema);
        out += '}';
    }
    void append_field(std::string& out, const std::string& name, const Schema& schema, const std::string& space) {
        out += "{\"name\":";
        json_text::append_string(out, name);
        out += ",\"type\":";
        append(out, schema, space);
        if (schema.default_json) {
            out += ",\"default\":";
            append_default(out, schema);
        } else if (schema.optional) {
            out += ",\"default\":null";
        }
        out += '}';
    }

    /// Bytes as the characters of ISO 8859-1.
    void append_default(std::string& out, const Schema& schema) {
        const Value value = record::opened(schema, record::default_of(schema), arena_);
        if (!value.is(Value::Kind::Bytes)) {
            out += *schema.default_json;
            return;
        }
        std::string text;
        for (const char c : value.bytes()) {
            const auto code = static_cast<unsigned char>(c);
            if (code < 0x80) {
                text += c;
            } else {
                text += static_cast<char>(0xC0 | code >> 6);
                text += static_cast<char>(0x80 | (code & 0x3F));
            }
        }
        json_text::append_string(out, text);
    }

    void append_properties(std::string& out, const Schema& schema) {
        const auto text = [&](const char* name, std::string_view value) {
            out += format(",\"{}\":", name);
            json_text::append_string(out, value);
        };
        const bool is_decimal = schema.is_logical(record::kDecimal);
        const int scale = is_decimal ? record::decimal_scale(schema) : 0;
        const auto told = is_decimal ? parse_int(record::parameter(schema, "connect.decimal.precision")) : std::nullopt;
        const auto precision = told.value_or(kPrecision);
        if (is_decimal) out += format(",\"scale\":{},\"precision\":{}", scale, precision);
        if (options_.connect_meta_data) {
            if (!schema.doc.empty()) text("connect.doc", schema.doc);
            if (schema.version) out += format(",\"connect.version\":{}", *schema.version);
            append_parameters(out, "connect.parameters", schema);
            if (schema.default_json) {
                out += ",\"connect.default\":";
                append_default(out, schema);
            }
            if (!schema.name.empty()) text("connect.name", schema.name);
            if (schema.type == Type::Int8) text("connect.type", "int8");
            if (schema.type == Type::Int16) text("connect.type", "int16");
        }
        if (is_decimal && (told || (scale >= 0 && scale <= precision)))
            text("logicalType", "decimal");
        else if (schema.is_logical(record::kTime))
            text("logicalType", "time-millis");
        else if (schema.is_logical(record::kTimestamp))
            text("logicalType", "timestamp-millis");
        else if (schema.is_logical(record::kDate))
            text("logicalType", "date");
    }

    const Options options_;
    std::map<std::string, const Schema*> known_;
    int unnamed_ = 0;
    record::Arena arena_;
};

AvroSchema::AvroSchema(record::SchemaPtr schema, Options options)
    : schema_(std::move(schema)), root_(std::make_unique<Node>(Node::of(*schema_, options))) {
    Writer(options).append(text_, *schema_, "");
    if (schema_->type != Type::Struct) return;
    full_name_ = schema_->name.empty() ? format("{}.ConnectDefault", kNamespace) : schema_->name;
}

AvroSchema::~AvroSchema() = default;
AvroSchema::AvroSchema(AvroSchema&&) noexcept = default;

void AvroSchema::append(std::string& out, const Value& value, record::Arena& arena) {
    root_->append(out, value, arena, full_name_);
}

}  // namespace millrace::convert
