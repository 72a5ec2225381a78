#include "source/postgres/value_modes.h"

namespace millrace::postgres {

ValueModes ValueModes::from(const config::Settings& settings) {
    using relational::chosen_mode;
    ValueModes modes;
    modes.decimal = relational::decimal_mode(settings);
    modes.binary = relational::binary_mode(settings);
    modes.time = chosen_mode<TimeMode>(settings, "time.precision.mode",
                                       {{"adaptive", TimeMode::Adaptive},
                                        {"adaptive_time_microseconds", TimeMode::AdaptiveMicroseconds},
                                        {"connect", TimeMode::Connect},
                                        {"isostring", TimeMode::IsoString},
                                        {"microseconds", TimeMode::Microseconds},
                                        {"nanoseconds", TimeMode::Nanoseconds}});
    modes.hstore = chosen_mode<HstoreMode>(settings, "hstore.handling.mode",
                                           {{"json", HstoreMode::Json}, {"map", HstoreMode::Map}});
    modes.interval = chosen_mode<IntervalMode>(settings, "interval.handling.mode",
                                               {{"numeric", IntervalMode::Numeric}, {"string", IntervalMode::String}});
    modes.money_digits = static_cast<int>(settings.integer("money.fraction.digits", 2));
    modes.include_unknown = settings.boolean("include.unknown.datatypes", false);
    modes.unavailable = relational::unavailable_value(settings);
    return modes;
}

}  // namespace millrace::postgres
