#pragma once

#include <string_view>

#include "record/record.h"
#include "record/struct_view.h"

/// org.apache.kafka.connect.transforms.util.Requirements
namespace millrace::transform {

/// The struct that a value is. Throws FatalError if it is none; `purpose` says what it was wanted for.
record::StructView require_struct(const record::SchemaAndValue& value, std::string_view purpose, record::Arena& arena);

/// The same, but nothing for a null.
std::optional<record::StructView> require_struct_or_null(const record::SchemaAndValue& value, std::string_view purpose,
                                                         record::Arena& arena);

}  // namespace millrace::transform
