#include "source/binlog/zero_date_fallback.h"

#include "base/calendar.h"
#include "base/errors.h"
#include "base/regex.h"
#include "base/text.h"
#include "source/binlog/temporal_text.h"

namespace millrace::binlog {
namespace {

enum class Temporal { Date, DateTimeMillis, DateTimeMicros, Timestamp };

bool is_null(const std::string& literal) {
    return literal.empty() || iequals(literal, "NULL");
}

bool is_day(const ColumnValue& at) {
    return !temporal_text::is_zero_date(at) && at.month <= 12 && at.day <= days_in_month(at.year, at.month) &&
           at.hour < 24 && at.minute < 60 && at.second < 60;
}

/// Seconds of "+09:00" or "Z".
int64_t zone_s(std::string_view zone) {
    if (zone == "Z" || zone == "z") return 0;
    const int64_t s = parse_int(zone.substr(1, 2)).value_or(0) * 3600 + parse_int(zone.substr(4, 2)).value_or(0) * 60;
    return zone[0] == '-' ? -s : s;
}

/// The literal as JSON. Throws ConfigError.
std::string json_of(const std::string& property, const std::string& literal, Temporal temporal) {
    if (is_null(literal)) return "null";
    static const Regex kDate(R"(\d{4}-\d\d-\d\d)");
    static const Regex kDateTime(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)");
    static const Regex kTimestamp(R"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d([.]\d{1,9})?)?([Zz]|[+-]\d\d:\d\d))");
    const bool has_zone = kTimestamp.matches(literal);
    const size_t zone = has_zone ? literal.find_last_of("Zz+-") : literal.size();
    const ColumnValue at = temporal_text::date_time_from(std::string_view(literal).substr(0, zone));
    const auto refuse = [&](const char* form) {
        throw ConfigError(property,
                          format("The '{}' value is invalid: '{}' is neither NULL nor {}", property, literal, form));
    };
    std::string json;
    switch (temporal) {
        case Temporal::Date:
            if (!kDate.matches(literal) || !is_day(at)) refuse("a date (yyyy-MM-dd)");
            return std::to_string(days_from_civil(at.year, at.month, at.day));
        case Temporal::DateTimeMillis:
        case Temporal::DateTimeMicros: {
            if (!kDateTime.matches(literal) || !is_day(at)) refuse("a time in UTC (yyyy-MM-dd HH:mm:ss)");
            const int64_t micros = temporal_text::micros_of(at);
            return std::to_string(temporal == Temporal::DateTimeMicros ? micros : micros / 1000);
        }
        case Temporal::Timestamp: {
            if (!has_zone || !is_day(at)) refuse("a time with its offset (1970-01-01T00:00:00Z)");
            iso_text::append_instant(json, temporal_text::micros_of(at) - zone_s(literal.substr(zone)) * 1'000'000, -1);
            return json;
        }
    }
    return json;
}

}  // namespace

ZeroDateFallback::ZeroDateFallback(const std::string& name, const config::Settings& settings)
    : name_(name), settings_(settings), selector_(name + ".selector", settings.text(name + ".selector", ".*")) {
    for (const auto& type : split(settings.text(name + ".target.types", "DATE,DATETIME,TIMESTAMP"), ',')) {
        dates_ |= iequals(trimmed(type), "DATE");
        date_times_ |= iequals(trimmed(type), "DATETIME");
        timestamps_ |= iequals(trimmed(type), "TIMESTAMP");
    }
    // What cannot be read is told at once and not when the first such column comes.
    for (const auto& [type, temporal] :
         {std::pair{"date", Temporal::Date}, std::pair{"datetime", Temporal::DateTimeMillis},
          std::pair{"timestamp", Temporal::Timestamp}})
        json_of(name + ".fallback." + type, std::string(trimmed(settings.text(name + ".fallback." + type))), temporal);
}

std::optional<ColumnConversion> ZeroDateFallback::find(const std::string& full_name,
                                                       const relational::Column& column) const {
    if (!selector_.match(full_name)) return std::nullopt;
    Temporal temporal = Temporal::Date;
    const char* type = nullptr;
    if (column.type_name == "DATE" && dates_) {
        type = "date";
    } else if (column.type_name == "DATETIME" && date_times_) {
        temporal = column.length.value_or(0) >= 4 ? Temporal::DateTimeMicros : Temporal::DateTimeMillis;
        type = "datetime";
    } else if (column.type_name == "TIMESTAMP" && timestamps_) {
        temporal = Temporal::Timestamp;
        type = "timestamp";
    } else {
        return std::nullopt;
    }
    std::string property = format("{}.column.{}.fallback", name_, full_name);
    if (!settings_.has(property)) property = format("{}.fallback.{}", name_, type);
    ColumnConversion conversion;
    conversion.kind = ColumnConversion::Kind::ZeroDate;
    conversion.fallback = json_of(property, std::string(trimmed(settings_.text(property))), temporal);
    return conversion;
}

}  // namespace millrace::binlog
