#pragma once

#include <cstdint>
#include <string>

/// The proleptic Gregorian calendar, as java.time counts it, and the program's clock.
namespace millrace {

/// Days since 1970-01-01 of a date; month 1–12. Follows H. Hinnant, "chrono-compatible low-level date algorithms".
constexpr int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const auto year_of_era = static_cast<unsigned>(year - era * 400);
    const unsigned day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + static_cast<int64_t>(day_of_era) - 719468;
}

/// Rounded down, where `/` rounds towards zero.
constexpr int64_t floor_div(int64_t value, int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

constexpr int64_t kDayMs = 86'400'000;

struct CivilDate {
    int64_t year;
    unsigned month;
    unsigned day;
};
constexpr CivilDate civil_from_days(int64_t days) {
    days += 719468;
    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const auto day_of_era = static_cast<unsigned>(days - era * 146097);
    const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned shifted_month = (5 * day_of_year + 2) / 153;
    const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    return {static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2), month,
            day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

constexpr unsigned days_in_month(int64_t year, unsigned month) {
    constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : kDays[month - 1];
}

/// Wall clock, nanoseconds since the epoch.
int64_t now_ns();
inline int64_t now_ms() {
    return now_ns() / 1'000'000;
}

/// A clock that only goes forward, for durations; milliseconds.
int64_t steady_ms();

/// CPU time of this process, microseconds.
int64_t process_cpu_us();

/// Largest resident set of this process so far, bytes.
int64_t peak_rss_bytes();

/// "0:01:02.345", as Debezium prints durations: hours, minutes, seconds, milliseconds.
std::string duration_text(int64_t duration_ms);

}  // namespace millrace
