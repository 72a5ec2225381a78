#include "convert/plain_converters.h"

#include <bit>

#include "base/errors.h"
#include "base/text.h"
#include "convert/java_text.h"
#include "record/json_value.h"

namespace millrace::convert {
namespace {

using record::Type;
using record::Value;

std::string type_name(const record::SchemaPtr& schema) {
    return schema ? upper(record::name_of(schema->type)) : "no schema";
}

template <typename Number>
void append_big_endian(std::string& out, Number number) {
    for (int shift = static_cast<int>(sizeof number) * 8 - 8; shift >= 0; shift -= 8)
        out += static_cast<char>(number >> shift & 0xFF);
}

}  // namespace

Converted StringConverter::append(std::string& out, std::string_view /*topic*/, const record::SchemaPtr& schema,
                                  const Value& value, record::Arena& arena) {
    if (value.is_null()) return {.is_null = true};
    append_java_text(out, schema.get(), value, arena);
    return {};
}

Converted SimpleHeaderConverter::append(std::string& out, std::string_view /*topic*/, const record::SchemaPtr& schema,
                                        const Value& value, record::Arena& arena) {
    if (value.is_null()) return {.is_null = true};
    append_connect_text(out, schema.get(), value, arena);
    return {};
}

Converted ByteArrayConverter::append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                                     const Value& value, record::Arena& arena) {
    if (schema && schema->type != Type::Bytes)
        throw FatalError(
            format("Invalid schema type for ByteArrayConverter: {} (topic {}). Use JsonConverter, or a "
                   "transform that leaves only the bytes",
                   type_name(schema), topic));
    if (value.is_null()) return {.is_null = true};
    out += schema ? record::opened(*schema, value, arena).bytes() : value.bytes();
    return {};
}

Converted PrimitiveConverter::append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                                     const Value& value, record::Arena& arena) {
    if (!schema && value.is_null()) return {.is_null = true};
    if (!schema || schema->type != type_)
        throw FatalError(
            format("A converter for {} cannot write a value of type {} (topic {}). Use another converter, or "
                   "ExtractField for the one field that is to be written",
                   record::name_of(type_), type_name(schema), topic));
    if (value.is_null()) return {.is_null = true};
    const Value open = record::opened(*schema, value, arena);
    switch (type_) {
        case Type::Int16:
            append_big_endian(out, static_cast<uint16_t>(open.integer()));
            break;
        case Type::Int32:
            append_big_endian(out, static_cast<uint32_t>(open.integer()));
            break;
        case Type::Int64:
            append_big_endian(out, static_cast<uint64_t>(open.integer()));
            break;
        case Type::Float32:
            append_big_endian(out, std::bit_cast<uint32_t>(static_cast<float>(open.floating())));
            break;
        case Type::Float64:
            append_big_endian(out, std::bit_cast<uint64_t>(open.floating()));
            break;
        default:
            out += open.boolean() ? '\x01' : '\x00';
            break;
    }
    return {};
}

Converted BinaryDataConverter::append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                                      const Value& value, record::Arena& arena) {
    if (schema && schema->type != Type::Bytes) {
        if (delegate_) return delegate_->append(out, topic, schema, value, arena);
        throw FatalError(
            format("A value of type {} in topic {} is not bytes, and there is no delegate.converter.type that "
                   "could write it",
                   type_name(schema), topic));
    }
    if (value.is_null()) return {.is_null = true};
    out += schema ? record::opened(*schema, value, arena).bytes() : value.bytes();
    return {};
}

}  // namespace millrace::convert
