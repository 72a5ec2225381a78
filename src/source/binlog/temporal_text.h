#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "source/binlog/column_value.h"

/// Dates and times as the servers' text protocol has them, and as ISO 8601 text in events.
namespace millrace::binlog::temporal_text {

constexpr int64_t kMicrosPerDay = 86'400'000'000;

/// "2024-02-29 12:34:56.789" or its date alone; digits that are missing count as 0.
ColumnValue date_time_from(std::string_view text);
/// "-838:59:59.000001" in microseconds.
int64_t time_from(std::string_view text);

/// Microseconds since the epoch of a DateTime value, taken as UTC.
int64_t micros_of(const ColumnValue& value);
/// A zero date, or one with a zero month or day.
inline bool is_zero_date(const ColumnValue& value) {
    return value.month == 0 || value.day == 0;
}

/// "12:34:56"
void append_clock(std::string& out, int64_t seconds_of_day);
/// A fraction with its point: `digits` wide, or without trailing zeros (nothing for zero) if digits < 0.
void append_fraction(std::string& out, int64_t micros, int digits);
/// "2024-02-29"
void append_iso_date(std::string& out, int64_t year, unsigned month, unsigned day);
/// "2024-02-29T12:34:56.789Z", in quotes.
void append_iso_instant(std::string& out, int64_t micros, int fraction_digits);

}  // namespace millrace::binlog::temporal_text
