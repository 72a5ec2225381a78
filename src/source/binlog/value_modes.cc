#include "source/binlog/value_modes.h"

namespace millrace::binlog {

ValueModes ValueModes::from(const config::Settings& settings) {
    using relational::chosen_mode;
    ValueModes modes;
    modes.decimal = relational::decimal_mode(settings);
    modes.binary = relational::binary_mode(settings);
    modes.time = chosen_mode<TimeMode>(settings, "time.precision.mode",
                                       {{"adaptive_time_microseconds", TimeMode::AdaptiveMicroseconds},
                                        {"connect", TimeMode::Connect},
                                        {"isostring", TimeMode::IsoString},
                                        {"microseconds", TimeMode::Microseconds},
                                        {"nanoseconds", TimeMode::Nanoseconds}});
    modes.unsigned_bigint_precise =
        chosen_mode<bool>(settings, "bigint.unsigned.handling.mode", {{"long", false}, {"precise", true}});
    modes.adjust_two_digit_years = settings.boolean("enable.time.adjuster", true);
    modes.comments = settings.boolean("include.schema.comments", false);
    modes.unavailable = relational::unavailable_value(settings);
    return modes;
}

}  // namespace millrace::binlog
