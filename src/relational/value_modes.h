#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/text.h"
#include "config/settings.h"

/// Properties that choose how column types become schemas and values, as far as connectors have them in common.
namespace millrace::relational {

enum class DecimalMode { Precise, Double, String };
enum class BinaryMode { Bytes, Base64, Base64UrlSafe, Hex };
enum class TimeMode { Adaptive, AdaptiveMicroseconds, Connect, IsoString, Microseconds, Nanoseconds };

/// The mode that a property names; the first of `modes` if it is not given. Throws ConfigError with those there are.
template <typename Mode, size_t N>
Mode chosen_mode(const config::Settings& settings, const char* property,
                 const std::pair<std::string_view, Mode> (&modes)[N]) {
    const std::string value = settings.text(property, modes[0].first);
    std::vector<std::string> names;
    for (const auto& [word, mode] : modes) {
        if (iequals(word, value)) return mode;
        names.emplace_back(word);
    }
    throw ConfigError(property,
                      format("The '{}' value is invalid: Value must be one of {}", property, join(names, ", ")));
}

DecimalMode decimal_mode(const config::Settings& settings);  ///< decimal.handling.mode
BinaryMode binary_mode(const config::Settings& settings);    ///< binary.handling.mode
/// unavailable.value.placeholder, its bytes: `hex:` before hexadecimal ones.
std::string unavailable_value(const config::Settings& settings);

}  // namespace millrace::relational
