#pragma once

#include <string>

#include "record/arena.h"
#include "record/schema.h"
#include "record/value.h"

/// Values as Java prints them.
namespace millrace::convert {

/// toString(): of a struct Struct{name=value,…} without its nulls, of a list [a, b], of a java.util.Date its English
/// text. `schema` may be missing. A null is "null".
void append_java_text(std::string& out, const record::Schema* schema, const record::Value& value, record::Arena& arena);

/// Connect's Values.convertToString, which SimpleHeaderConverter and Cast use: texts as they are, bytes in base64,
/// structs, arrays and maps like JSON with only quotes and backslashes escaped, and numbers as Java prints them.
void append_connect_text(std::string& out, const record::Schema* schema, const record::Value& value,
                         record::Arena& arena);

/// "2024-03-04", "05:06:07.089Z" or "2024-03-04T05:06:07.089Z", as Values.dateFormatFor chooses. `ms` since 1970.
std::string connect_date_text(int64_t ms);

}  // namespace millrace::convert
