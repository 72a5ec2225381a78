#include "transform/simple_date_format.h"

#include <array>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/text.h"

namespace millrace::transform {
namespace {

constexpr std::string_view kLetters = "GyYMLdDEuFwWaHkKhmsSzZX";
constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                   "July",    "August",   "September", "October", "November", "December"};
constexpr const char* kDays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

struct Moment {
    CivilDate date{};
    int64_t days = 0, rest = 0;  ///< Days since 1970; ms of the day.
    int hour() const { return static_cast<int>(rest / 3'600'000); }
    int weekday() const { return static_cast<int>(((days + 4) % 7 + 7) % 7); }  ///< 0: Sunday
    int day_of_year() const { return static_cast<int>(days - days_from_civil(date.year, 1, 1)) + 1; }
};

Moment moment_of(int64_t ms) {
    Moment moment;
    moment.days = floor_div(ms, kDayMs);
    moment.rest = ms - moment.days * kDayMs;
    moment.date = civil_from_days(moment.days);
    return moment;
}

void append_padded(std::string& out, int64_t number, size_t width) {
    std::string digits = std::to_string(number < 0 ? -number : number);
    if (number < 0) out += '-';
    if (digits.size() < width) out.append(width - digits.size(), '0');
    out += digits;
}

/// The American week: begins on Sunday, and the first holds January 1st.
int week_of_year(const Moment& moment) {
    const int first = static_cast<int>(((days_from_civil(moment.date.year, 1, 1) + 4) % 7 + 7) % 7);
    const int week = (moment.day_of_year() + first - 1) / 7 + 1;
    const int next_first = static_cast<int>(((days_from_civil(moment.date.year + 1, 1, 1) + 4) % 7 + 7) % 7);
    const int64_t to_next = days_from_civil(moment.date.year + 1, 1, 1) - moment.days;
    return to_next <= next_first ? 1 : week;
}

int64_t week_year(const Moment& moment) {
    return week_of_year(moment) == 1 && moment.date.month == 12 ? moment.date.year + 1 : moment.date.year;
}

void append_year(std::string& out, int64_t year, size_t count) {
    const int64_t shown = year > 0 ? year : 1 - year;  // years before Christ have their era
    if (count == 2)
        append_padded(out, shown % 100, 2);
    else
        append_padded(out, shown, count);
}

void append_piece(std::string& out, char letter, size_t count, const Moment& moment) {
    const auto name = [&](const char* full) { out += count >= 4 ? std::string(full) : std::string(full).substr(0, 3); };
    switch (letter) {
        case 'G':
            out += moment.date.year > 0 ? "AD" : "BC";
            break;
        case 'y':
            append_year(out, moment.date.year, count);
            break;
        case 'Y':
            append_year(out, week_year(moment), count);
            break;
        case 'M':
        case 'L':
            count >= 3 ? name(kMonths[moment.date.month - 1]) : append_padded(out, moment.date.month, count);
            break;
        case 'd':
            append_padded(out, moment.date.day, count);
            break;
        case 'D':
            append_padded(out, moment.day_of_year(), count);
            break;
        case 'E':
            name(kDays[moment.weekday()]);
            break;
        case 'u':
            append_padded(out, moment.weekday() == 0 ? 7 : moment.weekday(), count);
            break;
        case 'F':
            append_padded(out, (static_cast<int>(moment.date.day) - 1) / 7 + 1, count);
            break;
        case 'w':
            append_padded(out, week_of_year(moment), count);
            break;
        case 'W': {
            const int first = (moment.weekday() - static_cast<int>(moment.date.day) + 1) % 7;
            append_padded(out, (static_cast<int>(moment.date.day) + ((first + 7) % 7) - 1) / 7 + 1, count);
            break;
        }
        case 'a':
            out += moment.hour() < 12 ? "AM" : "PM";
            break;
        case 'H':
            append_padded(out, moment.hour(), count);
            break;
        case 'k':
            append_padded(out, moment.hour() == 0 ? 24 : moment.hour(), count);
            break;
        case 'K':
            append_padded(out, moment.hour() % 12, count);
            break;
        case 'h':
            append_padded(out, moment.hour() % 12 == 0 ? 12 : moment.hour() % 12, count);
            break;
        case 'm':
            append_padded(out, moment.rest / 60'000 % 60, count);
            break;
        case 's':
            append_padded(out, moment.rest / 1000 % 60, count);
            break;
        case 'S':
            append_padded(out, moment.rest % 1000, count);
            break;
        case 'z':
            out += count >= 4 ? "Coordinated Universal Time" : "UTC";
            break;
        case 'Z':
            out += "+0000";
            break;
        default:
            out += 'Z';
            break;
    }
}

/// What parsing has found.
struct Found {
    int64_t year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0, zone_ms = 0;
    std::optional<int64_t> day_of_year, half_day_hour;
    bool is_afternoon = false, is_before_christ = false;
};

bool parse_name(std::string_view& rest, const char* const* names, size_t count, int64_t& place) {
    for (size_t i = 0; i < count; ++i) {
        const std::string_view full = names[i];
        for (const auto name : {full, full.substr(0, 3)}) {
            if (!iequals(rest.substr(0, name.size()), name)) continue;
            rest.remove_prefix(name.size());
            place = static_cast<int64_t>(i);
            return true;
        }
    }
    return false;
}

bool parse_number(std::string_view& rest, size_t most, int64_t& number) {
    size_t at = !rest.empty() && rest[0] == '-' ? 1 : 0;
    const size_t from = at;
    while (at < rest.size() && at - from < most && rest[at] >= '0' && rest[at] <= '9') ++at;
    if (at == from) return false;
    number = parse_int(rest.substr(0, at)).value_or(0);
    rest.remove_prefix(at);
    return true;
}

bool parse_zone(std::string_view& rest, Found& found) {
    for (const std::string_view name : {"UTC", "GMT", "Z"}) {
        if (!rest.starts_with(name)) continue;
        rest.remove_prefix(name.size());
        if (name == "Z" || rest.empty() || (rest[0] != '+' && rest[0] != '-')) return true;
        break;
    }
    if (rest.empty() || (rest[0] != '+' && rest[0] != '-')) return false;
    const int64_t sign = rest[0] == '-' ? -1 : 1;
    rest.remove_prefix(1);
    int64_t hours = 0, minutes = 0;
    if (!parse_number(rest, 2, hours)) return false;
    if (!rest.empty() && rest[0] == ':') rest.remove_prefix(1);
    parse_number(rest, 2, minutes);
    found.zone_ms = sign * (hours * 3'600'000 + minutes * 60'000);
    return true;
}

bool parse_piece(std::string_view& rest, char letter, size_t count, bool is_adjacent, Found& found) {
    const size_t most = is_adjacent ? count : 19;
    int64_t number = 0;
    switch (letter) {
        case 'G':
            found.is_before_christ = rest.starts_with("BC");
            if (!found.is_before_christ && !rest.starts_with("AD")) return false;
            rest.remove_prefix(2);
            return true;
        case 'E':
            return parse_name(rest, kDays, 7, number);
        case 'a':
            if (rest.size() < 2) return false;
            found.is_afternoon = iequals(rest.substr(0, 2), "PM");
            if (!found.is_afternoon && !iequals(rest.substr(0, 2), "AM")) return false;
            rest.remove_prefix(2);
            return true;
        case 'M':
        case 'L':
            if (count < 3) return parse_number(rest, most, found.month);
            if (!parse_name(rest, kMonths, 12, number)) return false;
            found.month = number + 1;
            return true;
        case 'z':
        case 'Z':
        case 'X':
            return parse_zone(rest, found);
        default:
            break;
    }
    const size_t before = rest.size();
    if (!parse_number(rest, most, number)) return false;
    switch (letter) {
        case 'y':
        case 'Y':
            // Two digits stand for a year within 80 years before and 20 after now.
            if (count <= 2 && before - rest.size() == 2 && number >= 0) {
                const int64_t now = civil_from_days(now_ms() / kDayMs).year;
                number += now / 100 * 100;
                if (number > now + 20) number -= 100;
                if (number <= now - 80) number += 100;
            }
            found.year = number;
            return true;
        case 'd':
            found.day = number;
            return true;
        case 'D':
            found.day_of_year = number;
            return true;
        case 'H':
            found.hour = number;
            return true;
        case 'k':
            found.hour = number == 24 ? 0 : number;
            return true;
        case 'K':
            found.half_day_hour = number;
            return true;
        case 'h':
            found.half_day_hour = number == 12 ? 0 : number;
            return true;
        case 'm':
            found.minute = number;
            return true;
        case 's':
            found.second = number;
            return true;
        case 'S':
            found.ms = number;
            return true;
        default:
            return true;  // weeks and their days say nothing new
    }
}

}  // namespace

SimpleDateFormat SimpleDateFormat::of(const std::string& pattern, const std::string& property) {
    SimpleDateFormat made;
    std::string text;
    const auto end_text = [&] {
        if (!text.empty()) made.pieces_.push_back({0, 0, std::exchange(text, {})});
    };
    for (size_t at = 0; at < pattern.size();) {
        const char c = pattern[at];
        if (c == '\'') {
            if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {
                text += '\'';
                at += 2;
                continue;
            }
            for (++at; at < pattern.size(); ++at) {
                if (pattern[at] != '\'') {
                    text += pattern[at];
                } else if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {
                    text += pattern[at++];
                } else {
                    break;
                }
            }
            if (at >= pattern.size())
                throw ConfigError(
                    property, format("Invalid value {} for configuration {}: Unterminated quote", pattern, property));
            ++at;
            continue;
        }
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter) {
            text += c;
            ++at;
            continue;
        }
        if (kLetters.find(c) == std::string_view::npos)
            throw ConfigError(property, format("Invalid value {} for configuration {}: Illegal pattern character '{}'",
                                               pattern, property, c));
        end_text();
        const size_t from = at;
        while (at < pattern.size() && pattern[at] == c) ++at;
        made.pieces_.push_back({c, at - from, {}});
    }
    end_text();
    return made;
}

std::string SimpleDateFormat::text(int64_t ms) const {
    const Moment moment = moment_of(ms);
    std::string out;
    for (const auto& piece : pieces_) {
        if (piece.letter == 0)
            out += piece.text;
        else
            append_piece(out, piece.letter, piece.count, moment);
    }
    return out;
}

std::optional<int64_t> SimpleDateFormat::parse(std::string_view text) const {
    Found found;
    for (size_t i = 0; i < pieces_.size(); ++i) {
        const Piece& piece = pieces_[i];
        if (piece.letter == 0) {
            if (!text.starts_with(piece.text)) return std::nullopt;
            text.remove_prefix(piece.text.size());
            continue;
        }
        while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
        const bool is_adjacent = i + 1 < pieces_.size() && pieces_[i + 1].letter != 0;
        if (!parse_piece(text, piece.letter, piece.count, is_adjacent, found)) return std::nullopt;
    }
    if (found.is_before_christ) found.year = 1 - found.year;
    if (found.half_day_hour) found.hour = *found.half_day_hour + (found.is_afternoon ? 12 : 0);
    const int64_t months = found.month - 1;  // lenient: month 13 is the next year's first
    const int64_t year = found.year + (months >= 0 ? months / 12 : (months - 11) / 12);
    const auto month = static_cast<unsigned>((months % 12 + 12) % 12 + 1);
    const int64_t days = found.day_of_year ? days_from_civil(year, 1, 1) + *found.day_of_year - 1
                                           : days_from_civil(year, month, 1) + found.day - 1;
    return days * kDayMs + found.hour * 3'600'000 + found.minute * 60'000 + found.second * 1000 + found.ms -
           found.zone_ms;
}

}  // namespace millrace::transform
