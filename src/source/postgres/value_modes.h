#pragma once

#include "relational/value_modes.h"

namespace millrace::postgres {

using relational::BinaryMode;
using relational::DecimalMode;
using relational::TimeMode;

enum class HstoreMode { Json, Map };
enum class IntervalMode { Numeric, String };

/// The properties that choose how column types become schemas and values.
struct ValueModes {
    DecimalMode decimal = DecimalMode::Precise;     ///< decimal.handling.mode
    BinaryMode binary = BinaryMode::Bytes;          ///< binary.handling.mode
    TimeMode time = TimeMode::Adaptive;             ///< time.precision.mode
    HstoreMode hstore = HstoreMode::Json;           ///< hstore.handling.mode
    IntervalMode interval = IntervalMode::Numeric;  ///< interval.handling.mode
    int money_digits = 2;                           ///< money.fraction.digits
    bool include_unknown = false;                   ///< include.unknown.datatypes
    std::string unavailable;                        ///< unavailable.value.placeholder, its bytes

    /// Throws ConfigError naming the property.
    static ValueModes from(const config::Settings& settings);
};

}  // namespace millrace::postgres
