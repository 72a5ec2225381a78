#pragma once

#include <string>

#include "config/property_table.h"
#include "convert/json_converter.h"

namespace millrace::worker {

/// The converter of one side.
struct ConverterChoice {
    bool is_string = false;  ///< StringConverter; `json` is then what it is made from.
    convert::JsonConverterOptions json;
};

/// What `key.converter` or `value.converter` (`prefix`) asks for, the connector's settings before the worker's. Throws
/// ConfigError for converters that are not built.
ConverterChoice converter_choice(const config::Settings& connector, const config::Settings& worker,
                                 const std::string& prefix);

/// The properties of a converter's class, given by its full or simple name; an empty table if it is not known here.
const config::PropertyTable& converter_properties(const std::string& class_name);

}  // namespace millrace::worker
