#include "record/schema.h"

namespace millrace::record {

std::string_view name_of(Type type) {
    constexpr std::string_view kNames[] = {"int8",    "int16",  "int32", "int64", "float", "double",
                                           "boolean", "string", "bytes", "array", "map",   "struct"};
    return kNames[static_cast<size_t>(type)];
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
