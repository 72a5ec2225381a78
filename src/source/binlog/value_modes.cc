#include "source/binlog/value_modes.h"

#include <span>
#include <utility>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::binlog {
namespace {

template <typename Mode, size_t N>
Mode choose(const config::Settings& settings, const char* name, const std::pair<std::string_view, Mode> (&modes)[N]) {
    const std::string value = settings.text(name, modes[0].first);
    std::vector<std::string> names;
    for (const auto& [word, mode] : modes) {
        if (iequals(word, value)) return mode;
        names.emplace_back(word);
    }
    throw ConfigError(name, format("The '{}' value is invalid: Value must be one of {}", name, join(names, ", ")));
}

}  // namespace

ValueModes ValueModes::from(const config::Settings& settings) {
    ValueModes modes;
    modes.decimal = choose<DecimalMode>(
        settings, "decimal.handling.mode",
        {{"precise", DecimalMode::Precise}, {"double", DecimalMode::Double}, {"string", DecimalMode::String}});
    modes.binary = choose<BinaryMode>(settings, "binary.handling.mode",
                                      {{"bytes", BinaryMode::Bytes},
                                       {"base64", BinaryMode::Base64},
                                       {"base64-url-safe", BinaryMode::Base64UrlSafe},
                                       {"hex", BinaryMode::Hex}});
    modes.time = choose<TimeMode>(settings, "time.precision.mode",
                                  {{"adaptive_time_microseconds", TimeMode::AdaptiveMicroseconds},
                                   {"connect", TimeMode::Connect},
                                   {"isostring", TimeMode::IsoString},
                                   {"microseconds", TimeMode::Microseconds},
                                   {"nanoseconds", TimeMode::Nanoseconds}});
    modes.unsigned_bigint_precise =
        choose<bool>(settings, "bigint.unsigned.handling.mode", {{"long", false}, {"precise", true}});
    modes.adjust_two_digit_years = settings.boolean("enable.time.adjuster", true);
    modes.comments = settings.boolean("include.schema.comments", false);
    modes.unavailable = settings.text("unavailable.value.placeholder", "__debezium_unavailable_value");
    if (modes.unavailable.starts_with("hex:")) {
        const auto bytes = unhex(std::string_view(modes.unavailable).substr(4));
        if (!bytes)
            throw ConfigError("unavailable.value.placeholder",
                              format("'{}' is not hexadecimal behind hex:", modes.unavailable));
        modes.unavailable = *bytes;
    }
    return modes;
}

}  // namespace millrace::binlog
