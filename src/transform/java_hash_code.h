#pragma once

#include <cstdint>
#include <string_view>

#include "record/arena.h"
#include "record/schema.h"
#include "record/value.h"

/// Hashes of values as Java and Debezium count them.
namespace millrace::transform {

/// Object.hashCode of what Connect holds for a value. Throws FatalError for structs, whose hash is Java's secret.
int32_t java_hash_code(const record::Schema& schema, const record::Value& value, record::Arena& arena);

/// io.debezium.util.MurmurHash3 with the seed 9001: of a text its UTF-8 bytes, of anything else its hashCode.
int32_t murmur_hash(const record::Schema& schema, const record::Value& value, record::Arena& arena);

}  // namespace millrace::transform
