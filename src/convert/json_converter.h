#pragma once

#include <string>
#include <string_view>

#include "record/schema.h"

namespace millrace::convert {

/// What org.apache.kafka.connect.json.JsonConverter is configured with, for keys or for values.
struct JsonConverterOptions {
    bool schemas_enable = true;
    bool replace_null_with_default = true;
    bool decimals_are_numbers = false;  ///< decimal.format=NUMERIC
};

/// Appends the schema object as the JSON converter writes it. `field` is the name under which a struct holds it.
void append_schema_json(std::string& out, const record::Schema& schema, std::string_view field = {});

/// What precedes every payload of this schema: {"schema":…,"payload": — or nothing with schemas.enable=false.
std::string payload_prefix(const JsonConverterOptions& options, const record::Schema& schema);

/// What follows every payload.
inline std::string_view payload_suffix(const JsonConverterOptions& options) {
    return options.schemas_enable ? "}" : "";
}

}  // namespace millrace::convert
