#pragma once

#include <string_view>

#include "record/arena.h"
#include "record/schema.h"
#include "record/value.h"

namespace millrace::record {

/// `value` itself or, if it is Json, what its text says one level deep: children stay Json. The text is what
/// JsonConverter writes with decimal.format=BASE64; of a struct's fields those that lack are null. Throws FatalError
/// for text that is none of this schema's.
Value opened(const Schema& schema, const Value& value, Arena& arena);

/// The same to the last level.
Value opened_whole(const Schema& schema, const Value& value, Arena& arena);

/// Behind the value that begins at `at`, or nullptr if there is no whole one before `end`.
const char* skip_json(const char* at, const char* end);

}  // namespace millrace::record
