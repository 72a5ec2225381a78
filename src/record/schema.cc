#include "record/schema.h"

#include "base/text.h"

namespace millrace::record {

namespace {

constexpr std::string_view kNames[] = {"int8",    "int16",  "int32", "int64", "float", "double",
                                       "boolean", "string", "bytes", "array", "map",   "struct"};

bool same(const SchemaPtr& a, const SchemaPtr& b) {
    return a == b || (a && b && *a == *b);
}

}  // namespace

std::string_view name_of(Type type) {
    return kNames[static_cast<size_t>(type)];
}

std::optional<Type> type_of(std::string_view name) {
    for (size_t i = 0; i < std::size(kNames); ++i)
        if (kNames[i] == name) return static_cast<Type>(i);
    return std::nullopt;
}

bool is_primitive(Type type) {
    return type != Type::Array && type != Type::Map && type != Type::Struct;
}

std::optional<size_t> Schema::index_of(std::string_view field) const {
    for (size_t i = 0; i < fields.size(); ++i)
        if (fields[i].name == field) return i;
    return std::nullopt;
}

const Field* Schema::field(std::string_view field_name) const {
    const auto at = index_of(field_name);
    return at ? &fields[*at] : nullptr;
}

std::string_view parameter(const Schema& schema, std::string_view name) {
    for (const auto& [key, value] : schema.parameters)
        if (key == name) return value;
    return {};
}

int decimal_scale(const Schema& schema) {
    return static_cast<int>(parse_int(parameter(schema, "scale")).value_or(0));
}

Schema basics_of(const Schema& schema) {
    return {.type = schema.type,
            .name = schema.name,
            .version = schema.version,
            .doc = schema.doc,
            .parameters = schema.parameters,
            .items = schema.items,
            .keys = schema.keys};
}

SchemaPtr as_optional(const SchemaPtr& schema) {
    if (schema->optional) return schema;
    Schema copy = *schema;
    copy.optional = true;
    return made(std::move(copy));
}

bool operator==(const Schema& a, const Schema& b) {
    if (&a == &b) return true;
    if (a.type != b.type || a.optional != b.optional || a.name != b.name || a.version != b.version || a.doc != b.doc ||
        a.parameters != b.parameters || a.default_json != b.default_json || !same(a.items, b.items) ||
        !same(a.keys, b.keys) || a.fields.size() != b.fields.size())
        return false;
    for (size_t i = 0; i < a.fields.size(); ++i)
        if (a.fields[i].name != b.fields[i].name || !same(a.fields[i].schema, b.fields[i].schema)) return false;
    return true;
}

bool same_but_optional(const Schema& a, const Schema& b) {
    Schema other = b;
    other.optional = a.optional;
    return a == other;
}

SchemaPtr plain(Type type, bool optional) {
    return std::make_shared<const Schema>(Schema{.type = type, .optional = optional});
}

SchemaPtr logical(Type type, std::string name, bool optional) {
    return std::make_shared<const Schema>(
        Schema{.type = type, .optional = optional, .name = std::move(name), .version = 1});
}

SchemaPtr array_of(SchemaPtr items, bool optional) {
    return std::make_shared<const Schema>(Schema{.type = Type::Array, .optional = optional, .items = std::move(items)});
}

}  // namespace millrace::record
