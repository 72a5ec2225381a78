#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/regex.h"
#include "base/text.h"
#include "config/property_table.h"
#include "config/settings.h"
#include "record/struct_view.h"
#include "transform/transform.h"

/// What the options of many transforms have in common.
namespace millrace::transform {

using config::Importance;
using config::Property;
using config::Width;
using OptionType = config::Type;

constexpr Property kReplaceNullWithDefault = {
    .name = "replace.null.with.default",
    .type = OptionType::Boolean,
    .default_value = "true",
    .importance = Importance::Medium,
    .documentation = "Whether a field that is null counts as its default, if it has one."};

inline record::Nulls nulls_of(const config::Settings& settings) {
    return settings.boolean("replace.null.with.default", true) ? record::Nulls::AsDefault : record::Nulls::AsTheyAre;
}

/// Throws ConfigError that names the property.
inline Regex regex_option(const config::Settings& settings, const std::string& name) {
    const std::string pattern = settings.text(name);
    try {
        return Regex(pattern);
    } catch (const std::invalid_argument& fault) {
        throw ConfigError(
            name, format("Invalid value {} for configuration {}: Invalid regex: {}", pattern, name, fault.what()));
    }
}

/// The table of a component's options.
template <const auto& kOptions>
const config::PropertyTable& table_of() {
    static const config::PropertyTable made({std::begin(kOptions), std::end(kOptions)}, config::Words::Kafka);
    return made;
}
inline const config::PropertyTable& no_options() {
    static const config::PropertyTable none({}, config::Words::Kafka);
    return none;
}

/// How a class is made from its settings; make_side for those that have a $Key and a $Value.
template <typename Made>
std::unique_ptr<Transform> make_from(const config::Settings& settings) {
    return std::make_unique<Made>(settings);
}
template <typename Made, Side side>
std::unique_ptr<Transform> make_side(const config::Settings& settings) {
    return std::make_unique<Made>(settings, side);
}

}  // namespace millrace::transform
