#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/iso_text.h"
#include "source/binlog/column_value.h"

/// Dates and times as the servers' text protocol has them.
namespace millrace::binlog::temporal_text {

using iso_text::kMicrosPerDay;

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

}  // namespace millrace::binlog::temporal_text
