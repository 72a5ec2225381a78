#pragma once

#include "record/arena.h"
#include "record/schema.h"
#include "record/value.h"

namespace millrace::transform {

/// Whether two values of one schema are equal, as Object.equals finds it.
bool equal(const record::Schema& schema, const record::Value& a, const record::Value& b, record::Arena& arena);

}  // namespace millrace::transform
