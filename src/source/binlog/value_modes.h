#pragma once

#include "relational/value_modes.h"

namespace millrace::binlog {

using relational::BinaryMode;
using relational::DecimalMode;
using relational::TimeMode;

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
