#pragma once

#include <cstdint>
#include <string>

/// Dates and times as ISO 8601 text, as java.time's formatters print them.
namespace millrace::iso_text {

constexpr int64_t kMicrosPerDay = 86'400'000'000;

/// "12:34:56"
void append_clock(std::string& out, int64_t seconds_of_day);
/// A fraction with its point: `digits` wide (up to 6), or without trailing zeros (nothing for zero) if digits < 0.
void append_fraction(std::string& out, int64_t micros, int digits);
/// "2024-02-29"; years beyond four digits have a sign.
void append_date(std::string& out, int64_t year, unsigned month, unsigned day);
/// "2024-02-29T12:34:56.789Z", in quotes; `micros` since 1970.
void append_instant(std::string& out, int64_t micros, int fraction_digits);

}  // namespace millrace::iso_text
