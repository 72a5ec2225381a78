#include "source/postgres/temporal_text.h"

#include <charconv>
#include <limits>
#include <string>

#include "base/calendar.h"
#include "base/iso_text.h"
#include "source/postgres/value_form.h"

namespace millrace::postgres::temporal_text {
namespace {

using iso_text::kMicrosPerDay;

/// What the JDBC driver makes of the infinities, in ms, brought to µs.
constexpr int64_t kInfinityMicros = 9223372036825200000, kMinusInfinityMicros = -9223372036832400000;
/// The last and first date of the JDBC driver, as a java.time.LocalDate's day cut to 32 bits.
constexpr int64_t kInfinityDays = -2147472692, kMinusInfinityDays = -2147472691;

/// The most hours of an interval: 2^63 µs.
constexpr int64_t kLargestHours = 2562047789;
constexpr int64_t kLargestYear = 5874897;

/// Reads a text front to back; what does not fit throws.
class Scan {
  public:
    explicit Scan(std::string_view text) : whole_(text), rest_(text) {}

    /// A number without a sign, or with '-', no further from 0 than `limit`.
    int64_t number(int64_t limit = kLargestHours) {
        int64_t value = 0;
        const auto result = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (result.ec != std::errc() || value > limit || value < -limit) fail();
        rest_.remove_prefix(static_cast<size_t>(result.ptr - rest_.data()));
        return value;
    }
    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void need(char c) {
        if (!take(c)) fail();
    }
    bool is_done() const { return rest_.empty(); }
    char front() const { return rest_.empty() ? '\0' : rest_.front(); }
    [[noreturn]] void fail() const { throw UnreadableValue{std::string(whole_)}; }

    /// ".5" is 500000 µs.
    int64_t fraction() {
        if (!take('.')) return 0;
        int64_t micros = 0;
        int digits = 0;
        while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
            if (digits++ < 6) micros = micros * 10 + (rest_.front() - '0');
            rest_.remove_prefix(1);
        }
        for (; digits < 6; ++digits) micros *= 10;
        return micros;
    }
    /// "13:14:15.5", in µs.
    int64_t clock() {
        int64_t seconds = number(24) * 3600;
        need(':');
        seconds += number(59) * 60;
        if (take(':')) seconds += number(60);
        return seconds * 1'000'000 + fraction();
    }
    /// "+02", "-05:30", "+00:19:32", in seconds.
    int64_t zone() {
        const bool is_negative = front() == '-';
        if (!take('-')) need('+');
        int64_t seconds = number(24) * 3600;
        if (take(':')) seconds += number(59) * 60;
        if (take(':')) seconds += number(59);
        return is_negative ? -seconds : seconds;
    }

  private:
    std::string_view whole_, rest_;
};

struct Date {
    int64_t year = 0;
    unsigned month = 0, day = 0;
};

Date date(Scan& scan) {
    Date date;
    date.year = scan.number(kLargestYear);
    scan.need('-');
    const int64_t month = scan.number(12);
    scan.need('-');
    const int64_t day = scan.number(31);
    if (month < 1 || day < 1) scan.fail();
    date.month = static_cast<unsigned>(month);
    date.day = static_cast<unsigned>(day);
    return date;
}

int64_t days_of(Scan& scan, Date date) {
    if (scan.take(" BC")) date.year = 1 - date.year;
    if (!scan.is_done()) scan.fail();
    return days_from_civil(date.year, date.month, date.day);
}

}  // namespace

int64_t days_from(std::string_view text) {
    if (text == "infinity") return kInfinityDays;
    if (text == "-infinity") return kMinusInfinityDays;
    Scan scan(text);
    const Date found = date(scan);
    return days_of(scan, found);
}

int64_t micros_from(std::string_view text) {
    if (text == "infinity") return kInfinityMicros;
    if (text == "-infinity") return kMinusInfinityMicros;
    Scan scan(text);
    const Date found = date(scan);
    scan.need(' ');
    int64_t micros = scan.clock();
    if (scan.front() == '+' || scan.front() == '-') micros -= scan.zone() * 1'000'000;
    int64_t total = 0;  // the last years that the server knows lie beyond 2^63 µs from 1970
    if (__builtin_mul_overflow(days_of(scan, found), kMicrosPerDay, &total) ||
        __builtin_add_overflow(total, micros, &total)) {
        scan.fail();
    }
    return total;
}

int64_t time_from(std::string_view text) {
    Scan scan(text);
    const int64_t micros = scan.clock();
    if (!scan.is_done()) scan.fail();
    return micros;
}

int64_t utc_time_from(std::string_view text) {
    Scan scan(text);
    int64_t micros = scan.clock();
    micros -= scan.zone() * 1'000'000;
    if (!scan.is_done()) scan.fail();
    micros %= kMicrosPerDay;
    return micros < 0 ? micros + kMicrosPerDay : micros;
}

Interval interval_from(std::string_view text) {
    Interval interval;
    Scan scan(text);
    while (!scan.is_done()) {
        scan.take(' ');
        const bool is_negative = scan.front() == '-';
        if (!is_negative) scan.take('+');
        if (is_negative) scan.take('-');
        const int64_t sign = is_negative ? -1 : 1;
        const int64_t number = scan.number();
        if (scan.take(':')) {
            interval.hours = sign * number;
            interval.minutes = sign * scan.number();
            scan.need(':');
            const int64_t seconds = scan.number();
            interval.micros = sign * (seconds * 1'000'000 + scan.fraction());
            continue;
        }
        scan.need(' ');
        int64_t& field = scan.take("year")  ? interval.years
                         : scan.take("mon") ? interval.months
                         : scan.take("day") ? interval.days
                                            : (scan.fail(), interval.days);
        scan.take('s');
        field = sign * number;
    }
    return interval;
}

int64_t Interval::duration_micros() const {
    constexpr double kDaysPerMonth = 365.25 / 12.0;
    const double all_days = static_cast<double>(years * 12 + months) * kDaysPerMonth + static_cast<double>(days);
    const double seconds = ((all_days * 24 + static_cast<double>(hours)) * 60 + static_cast<double>(minutes)) * 60 +
                           static_cast<double>(micros) / 1e6;
    constexpr double kEnd = 9223372036854775808.0;  // as Java brings a double to a long
    const double micros_in_all = seconds * 1e6;
    if (micros_in_all >= kEnd) return std::numeric_limits<int64_t>::max();
    if (micros_in_all < -kEnd) return std::numeric_limits<int64_t>::min();
    return static_cast<int64_t>(micros_in_all);
}

}  // namespace millrace::postgres::temporal_text
