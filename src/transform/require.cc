#include "transform/require.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::transform {
namespace {

std::string found(const record::SchemaAndValue& value) {
    if (value.value.is_null()) return "null";
    return value.schema ? std::string(record::name_of(value.schema->type)) : "a value without a schema";
}

}  // namespace

std::optional<record::StructView> require_struct_or_null(const record::SchemaAndValue& value, std::string_view purpose,
                                                         record::Arena& arena) {
    if (value.value.is_null()) return std::nullopt;
    if (!value.schema || value.schema->type != record::Type::Struct)
        throw FatalError(format("Only Struct objects supported for [{}], found: {}", purpose, found(value)));
    return record::StructView(*value.schema, value.value, arena);
}

record::StructView require_struct(const record::SchemaAndValue& value, std::string_view purpose, record::Arena& arena) {
    const auto view = require_struct_or_null(value, purpose, arena);
    if (!view) throw FatalError(format("Only Struct objects supported for [{}], found: null", purpose));
    return *view;
}

}  // namespace millrace::transform
