#pragma once

#include <string_view>

#include "record/arena.h"
#include "record/record.h"

namespace millrace::transform {

/// What Connect's Values.parseString makes of a text: null, true, false, the smallest number type that holds a number,
/// dates and times in ISO 8601, anything else is the text, with its quotes if it has some. Arrays and maps stay texts:
/// what SimpleHeaderConverter writes of them is the same but for blanks.
record::SchemaAndValue connect_literal(std::string_view text, record::Arena& arena);

}  // namespace millrace::transform
