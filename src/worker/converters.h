#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/property_table.h"
#include "convert/converter.h"
#include "convert/json_converter.h"
#include "source/engine/record_stage.h"

namespace millrace::worker {

/// How a connector's records get from its source to their topics: see engine::RecordStage.
struct RecordPath {
    convert::JsonConverterOptions key_json, value_json;  ///< What the source writes.
    bool is_open = false;
    /// Missing: what the source writes is what the topics hold.
    std::function<std::unique_ptr<engine::RecordStage>()> make_stage;
};

/// What `transforms`, `key.converter`, `value.converter` and `header.converter` ask for, the connector's settings
/// before the worker's. Throws ConfigError, for classes that are not built too. `skipped`: see RecordStage::Faults.
RecordPath record_path(const config::Settings& connector, const config::Settings& worker,
                       std::function<void(bool is_kept)> skipped = {});

/// The converter of one side ("key.converter"). Throws ConfigError.
std::unique_ptr<convert::Converter> make_converter(const config::Settings& connector, const config::Settings& worker,
                                                   const std::string& side);

/// The classes of converters for keys and values, in full.
std::vector<std::string_view> converter_classes();

/// The properties of a converter's class, given by its full or simple name; an empty table if it is not known here.
const config::PropertyTable& converter_properties(const std::string& class_name);

}  // namespace millrace::worker
