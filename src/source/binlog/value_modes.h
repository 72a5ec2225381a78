#pragma once

#include "config/settings.h"

namespace millrace::binlog {

enum class DecimalMode { Precise, Double, String };
enum class BinaryMode { Bytes, Base64, Base64UrlSafe, Hex };
enum class TimeMode { AdaptiveMicroseconds, Connect, IsoString, Microseconds, Nanoseconds };

/// The properties that choose how column types become schemas and values.
struct ValueModes {
    DecimalMode decimal = DecimalMode::Precise;      ///< decimal.handling.mode
    BinaryMode binary = BinaryMode::Bytes;           ///< binary.handling.mode
    TimeMode time = TimeMode::AdaptiveMicroseconds;  ///< time.precision.mode
    bool unsigned_bigint_precise = false;            ///< bigint.unsigned.handling.mode=precise
    bool adjust_two_digit_years = true;              ///< enable.time.adjuster
    bool comments = false;                           ///< include.schema.comments
    std::string unavailable;                         ///< unavailable.value.placeholder, its bytes

    /// Throws ConfigError naming the property.
    static ValueModes from(const config::Settings& settings);
};

}  // namespace millrace::binlog
