#pragma once

#include <cstdint>
#include <string_view>

/// Dates, times and intervals as PostgreSQL prints them with DateStyle=ISO, IntervalStyle=postgres and TimeZone=UTC.
/// All throw UnreadableValue.
namespace millrace::postgres::temporal_text {

/// Days since 1970 of "2024-02-29", "0044-03-15 BC" or an infinity.
int64_t days_from(std::string_view text);
/// Microseconds since 1970 of "2024-02-29 13:14:15.123456", with or without "+00", BC, or an infinity.
int64_t micros_from(std::string_view text);
/// Microseconds of the day of "13:14:15.123456"; 24:00:00 is a whole day.
int64_t time_from(std::string_view text);
/// The same of "13:14:15.123456+02:30", brought to UTC, within one day.
int64_t utc_time_from(std::string_view text);

struct Interval {
    int64_t years = 0, months = 0, days = 0, hours = 0, minutes = 0;
    int64_t micros = 0;  ///< Of the seconds.

    /// With months of 365.25 / 12 days, in double precision, as io.debezium.time.MicroDuration counts.
    int64_t duration_micros() const;
};
/// "1 year 2 mons -3 days +04:05:06.789"
Interval interval_from(std::string_view text);

}  // namespace millrace::postgres::temporal_text
