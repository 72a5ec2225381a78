#include "base/iso_text.h"

#include <charconv>

#include "base/calendar.h"

namespace millrace::iso_text {
namespace {

void append_padded(std::string& out, int64_t value, int width) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    for (auto count = end - digits; count < width; ++count) out += '0';
    out.append(digits, static_cast<size_t>(end - digits));
}

}  // namespace

void append_fraction(std::string& out, int64_t micros, int digits) {
    if (digits < 0 ? micros == 0 : digits == 0) return;
    char text[7];
    for (int i = 5; i >= 0; --i, micros /= 10) text[i] = static_cast<char>('0' + micros % 10);
    size_t length = digits < 0 ? 6 : static_cast<size_t>(digits);
    if (digits < 0)
        while (text[length - 1] == '0') --length;
    out += '.';
    out.append(text, length);
}

void append_clock(std::string& out, int64_t seconds_of_day) {
    append_padded(out, seconds_of_day / 3600, 2);
    out += ':';
    append_padded(out, seconds_of_day / 60 % 60, 2);
    out += ':';
    append_padded(out, seconds_of_day % 60, 2);
}

void append_date(std::string& out, int64_t year, unsigned month, unsigned day) {
    if (year > 9999) out += '+';
    if (year < 0) out += '-';
    append_padded(out, year < 0 ? -year : year, 4);
    out += '-';
    append_padded(out, month, 2);
    out += '-';
    append_padded(out, day, 2);
}

void append_instant(std::string& out, int64_t micros, int fraction_digits) {
    int64_t days = micros / kMicrosPerDay;
    int64_t rest = micros % kMicrosPerDay;
    if (rest < 0) {
        rest += kMicrosPerDay;
        --days;
    }
    const CivilDate date = civil_from_days(days);
    out += '"';
    append_date(out, date.year, date.month, date.day);
    out += 'T';
    append_clock(out, rest / 1'000'000);
    append_fraction(out, rest % 1'000'000, fraction_digits);
    out += "Z\"";
}

}  // namespace millrace::iso_text
