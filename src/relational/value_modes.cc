#include "relational/value_modes.h"

namespace millrace::relational {

DecimalMode decimal_mode(const config::Settings& settings) {
    return chosen_mode<DecimalMode>(
        settings, "decimal.handling.mode",
        {{"precise", DecimalMode::Precise}, {"double", DecimalMode::Double}, {"string", DecimalMode::String}});
}

BinaryMode binary_mode(const config::Settings& settings) {
    return chosen_mode<BinaryMode>(settings, "binary.handling.mode",
                                   {{"bytes", BinaryMode::Bytes},
                                    {"base64", BinaryMode::Base64},
                                    {"base64-url-safe", BinaryMode::Base64UrlSafe},
                                    {"hex", BinaryMode::Hex}});
}

std::string unavailable_value(const config::Settings& settings) {
    const std::string given = settings.text("unavailable.value.placeholder", "__debezium_unavailable_value");
    if (!given.starts_with("hex:")) return given;
    const auto bytes = unhex(std::string_view(given).substr(4));
    if (!bytes)
        throw ConfigError("unavailable.value.placeholder", format("'{}' is not hexadecimal behind hex:", given));
    return *bytes;
}

}  // namespace millrace::relational
