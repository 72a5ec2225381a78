#include "source/binlog/temporal_text.h"

#include <algorithm>

#include "base/calendar.h"

namespace millrace::binlog::temporal_text {
namespace {

using Kind = ColumnValue::Kind;

/// Digits from a fixed place of a text; 0 beyond its end.
int64_t digits_at(std::string_view text, size_t at, size_t count) {
    int64_t value = 0;
    for (size_t i = at; i < at + count; ++i)
        value = value * 10 + (i < text.size() && text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 0);
    return value;
}

/// ".5" is 500000 µs.
uint32_t fraction_of(std::string_view text) {
    const size_t dot = text.find('.');
    if (dot == std::string_view::npos) return 0;
    return static_cast<uint32_t>(digits_at(text, dot + 1, 6));
}

}  // namespace

ColumnValue date_time_from(std::string_view text) {
    ColumnValue value;
    value.kind = Kind::DateTime;
    value.year = static_cast<int32_t>(digits_at(text, 0, 4));
    value.month = static_cast<uint8_t>(digits_at(text, 5, 2));
    value.day = static_cast<uint8_t>(digits_at(text, 8, 2));
    value.hour = static_cast<uint8_t>(digits_at(text, 11, 2));
    value.minute = static_cast<uint8_t>(digits_at(text, 14, 2));
    value.second = static_cast<uint8_t>(digits_at(text, 17, 2));
    value.micros = fraction_of(text);
    return value;
}

int64_t time_from(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return 0;
    constexpr size_t kHourDigits = 9;  // no server has more than three
    const int64_t seconds = digits_at(text, 0, std::min(colon, kHourDigits)) * 3600 +
                            digits_at(text, colon + 1, 2) * 60 + digits_at(text, colon + 4, 2);
    const int64_t micros = seconds * 1'000'000 + fraction_of(text);
    return negative ? -micros : micros;
}

int64_t micros_of(const ColumnValue& v) {
    const int64_t days = days_from_civil(v.year, v.month, v.day);
    return days * kMicrosPerDay + (v.hour * 3600 + v.minute * 60 + v.second) * int64_t{1'000'000} + v.micros;
}

}  // namespace millrace::binlog::temporal_text
