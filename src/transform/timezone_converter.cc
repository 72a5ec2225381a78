#include <absl/time/time.h>

#include <map>
#include <set>

#include "base/calendar.h"
#include "base/iso_text.h"
#include "base/log.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

using record::Record;
using record::Schema;
using record::StructView;
using record::Value;

constexpr Property kOptions[] = {
    {.name = "converted.timezone",
     .importance = Importance::High,
     .required = true,
     .documentation = "The zone: a name (America/Los_Angeles) or an offset (+08:00)."},
    {.name = "include.list",
     .type = OptionType::List,
     .default_value = "",
     .importance = Importance::High,
     .documentation = "What is converted: source:TABLE[:FIELD], topic:TOPIC[:FIELD] or NAME:FIELD."},
    {.name = "exclude.list",
     .type = OptionType::List,
     .default_value = "",
     .importance = Importance::High,
     .documentation = "What is not, in the same form."},
};

constexpr std::string_view kMicroTimestamp = "io.debezium.time.MicroTimestamp";
constexpr std::string_view kNanoTimestamp = "io.debezium.time.NanoTimestamp";
constexpr std::string_view kMilliTimestamp = "io.debezium.time.Timestamp";
constexpr std::string_view kZonedTimestamp = "io.debezium.time.ZonedTimestamp";
constexpr std::string_view kZonedTime = "io.debezium.time.ZonedTime";

/// A zone's offsets, in seconds east of Greenwich.
class Zone {
  public:
    /// Throws ConfigError.
    explicit Zone(const std::string& name) {
        if (const auto offset = fixed(name))
            zone_ = absl::FixedTimeZone(*offset);
        else if (!absl::LoadTimeZone(name, &zone_))
            throw ConfigError("converted.timezone",
                              format("Invalid timezone format: {}. Please specify either a geographic timezone (e.g. "
                                     "America/Los_Angeles) or a UTC offset in the format of +/-hh:mm, (e.g. +08:00).",
                                     name));
    }
    int offset_at(int64_t second) const { return zone_.At(absl::FromUnixSeconds(second)).offset; }
    /// Of a wall clock's time; in a gap or overlap of two offsets the earlier.
    int offset_of_local(int64_t second) const {
        const absl::CivilSecond local = absl::CivilSecond() + second;  // CivilSecond() is 1970
        return static_cast<int>(second - absl::ToUnixSeconds(zone_.At(local).pre));
    }

  private:
    static std::optional<int> fixed(const std::string& text) {
        const bool is_long = text.size() == 9;
        if ((text.size() != 6 && !is_long) || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
            (is_long && text[6] != ':'))
            return std::nullopt;
        const auto hours = parse_int(text.substr(1, 2)), minutes = parse_int(text.substr(4, 2));
        const auto seconds = is_long ? parse_int(text.substr(7, 2)) : std::optional<int64_t>(0);
        if (!hours || !minutes || !seconds) return std::nullopt;
        const int64_t total = *hours * 3600 + *minutes * 60 + *seconds;
        return static_cast<int>(text[0] == '-' ? -total : total);
    }

    absl::TimeZone zone_;
};

/// "2024-01-01T10:00:00.5+09:00" or "10:00:00Z", taken apart.
struct IsoTime {
    int64_t day = 0, second_of_day = 0;
    std::string fraction;  ///< With its point, without trailing zeros.
    int offset = 0;

    static std::optional<IsoTime> parse(std::string_view text, bool has_date) {
        IsoTime made;
        const auto number = [&](size_t at, size_t count) { return parse_int(text.substr(at, count)); };
        if (has_date) {
            const size_t year_end = text.find('-', text.starts_with('-') || text.starts_with('+') ? 1 : 0);
            const size_t t = text.find('T');
            if (year_end == std::string_view::npos || t != year_end + 6) return std::nullopt;
            const auto year =
                parse_int(text.substr(text.starts_with('+') ? 1 : 0, year_end - (text.starts_with('+') ? 1 : 0)));
            const auto month = number(year_end + 1, 2), day = number(year_end + 4, 2);
            if (!year || !month || !day) return std::nullopt;
            made.day = days_from_civil(*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day));
            text.remove_prefix(t + 1);
        }
        if (text.size() < 6) return std::nullopt;
        const auto hour = number(0, 2), minute = number(3, 2);
        size_t at = 5;
        std::optional<int64_t> second = 0;
        if (text[at] == ':') {
            second = number(6, 2);
            at = 8;
        }
        if (!hour || !minute || !second) return std::nullopt;
        made.second_of_day = *hour * 3600 + *minute * 60 + *second;
        if (at < text.size() && text[at] == '.') {
            const size_t end = text.find_first_not_of("0123456789", at + 1);
            made.fraction = text.substr(at, end - at);
            while (made.fraction.ends_with('0')) made.fraction.pop_back();
            if (made.fraction == ".") made.fraction.clear();
            at = end;
        }
        if (at >= text.size()) return std::nullopt;
        if (text[at] == 'Z') return made;
        const auto hours = number(at + 1, 2),
                   minutes = at + 4 <= text.size() ? number(at + 4, 2) : std::optional<int64_t>(0);
        if (!hours) return std::nullopt;
        made.offset = static_cast<int>((*hours * 3600 + minutes.value_or(0) * 60) * (text[at] == '-' ? -1 : 1));
        return made;
    }

    std::string text(bool has_date) const {
        std::string out;
        if (has_date) {
            const auto date = civil_from_days(day);
            iso_text::append_date(out, date.year, date.month, date.day);
            out += 'T';
        }
        iso_text::append_clock(out, second_of_day);
        out += fraction;
        if (offset == 0) return out + 'Z';
        const int size = offset < 0 ? -offset : offset;
        out += format("{}{:02}:{:02}", offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
        if (size % 60 != 0) out += format(":{:02}", size % 60);
        return out;
    }
    /// The same moment with another offset.
    void move_to(int new_offset) {
        constexpr int64_t kDaySeconds = 86'400;
        const int64_t moved = second_of_day - offset + new_offset;
        const int64_t days = floor_div(moved, kDaySeconds);
        day += days;
        second_of_day = moved - days * kDaySeconds;
        offset = new_offset;
    }
};

/// io.debezium.transforms.TimezoneConverter
class TimezoneConverter : public Transform {
  public:
    explicit TimezoneConverter(const config::Settings& settings) : zone_(settings.text("converted.timezone")) {
        const auto include = settings.list("include.list"), exclude = settings.list("exclude.list");
        if (!include.empty() && !exclude.empty())
            throw ConfigError("exclude.list", "Both include and exclude lists are specified. Please specify only one.");
        mode_ = !include.empty() ? Mode::Include : !exclude.empty() ? Mode::Exclude : Mode::All;
        collect(include, "include.list");
        collect(exclude, "exclude.list");
    }

    bool apply(Record& record, record::Arena& arena) override {
        if (record.value.value.is_null() || !is_envelope(record.value)) return true;
        const StructView envelope = require_struct(record.value, "TimezoneConverter", arena);
        const auto source = envelope.inner("source");
        const Value table = source ? source->get("table") : Value();
        const std::set<std::string>* fields =
            rule_for(record.topic, table.is_null() ? std::string_view() : table.text());
        Mode mode = mode_;
        if (mode == Mode::Include) {
            if (fields == nullptr) return true;
            if (fields->empty()) mode = Mode::All;
        } else if (mode == Mode::Exclude) {
            if (fields == nullptr)
                mode = Mode::All;
            else if (fields->empty())
                return true;
        }
        static const std::set<std::string> kNone;
        record.value.value = converted(envelope, mode, fields == nullptr ? kNone : *fields, arena);
        return true;
    }
    unsigned parts() const override { return kTopic | kValue; }

  private:
    enum class Mode { All, Include, Exclude };
    using Rules = std::map<std::string, std::set<std::string>, std::less<>>;

    /// A prefix holds for the items behind it too.
    void collect(const std::vector<std::string>& items, const std::string& property) {
        std::string prefix;
        for (const auto& item : items) {
            auto parts = split(item, ':');
            const bool lacks_parts = parts.size() < 2 && &item == &items.front();
            if (lacks_parts || parts.size() > 3 || parts[0].empty() || item.find(';') != std::string::npos)
                throw ConfigError(property,
                                  format("Invalid {} format. Please specify a list of rules in the format of "
                                         "\"source:<tablename>:<fieldnames>\", \"topic:<topicname>:<fieldnames>\", "
                                         "\"<matchname>:<fieldnames>\"",
                                         property == "include.list" ? "include list" : "exclude list"));
            if (parts.size() > 1 && (iequals(parts[0], "source") || iequals(parts[0], "topic"))) {
                prefix = parts[0];
                parts.erase(parts.begin());
            }
            Rules& rules = prefix == "topic" ? by_topic_ : prefix == "source" ? by_table_ : by_either_;
            auto& fields = rules[parts[0]];
            if (parts.size() > 1) fields.insert(parts[1]);
        }
    }
    const std::set<std::string>* rule_for(std::string_view topic, std::string_view table) const {
        const auto in = [](const Rules& rules, std::string_view name) {
            const auto found = rules.find(name);
            return found == rules.end() ? nullptr : &found->second;
        };
        if (const auto* fields = in(by_topic_, topic)) return fields;
        if (const auto* fields = in(by_table_, table)) return fields;
        if (const auto* fields = in(by_either_, topic)) return fields;
        return in(by_either_, table);
    }

    /// Whether a rule names the field of an image: "f" is of both, "before.f" of one.
    static bool names(const std::set<std::string>& fields, const std::string& image, const std::string& field) {
        return (image != "source" && fields.contains(field)) || fields.contains(image + "." + field);
    }
    static bool names_any(const std::set<std::string>& fields, const std::string& image) {
        const auto at = fields.lower_bound(image + ".");
        return at != fields.end() && at->starts_with(image + ".");
    }

    Value converted(const StructView& envelope, Mode mode, const std::set<std::string>& fields, record::Arena& arena) {
        const auto made = record::new_fields(envelope.size(), arena);
        for (size_t i = 0; i < envelope.size(); ++i) {
            made[i] = envelope.raw(i, record::Nulls::AsTheyAre);
            const auto& field = envelope.schema().fields[i];
            const bool is_image = field.name == "before" || field.name == "after" ||
                                  (field.name == "source" && names_any(fields, "source"));
            if (!is_image || made[i].is_null()) continue;
            const StructView image(*field.schema, made[i], arena);
            const auto columns = record::new_fields(image.size(), arena);
            for (size_t at = 0; at < image.size(); ++at) {
                columns[at] = image.raw(at, record::Nulls::AsTheyAre);
                const auto& column = image.schema().fields[at];
                const bool is_named = names(fields, field.name, column.name);
                if (mode == Mode::All || (mode == Mode::Include) == is_named)
                    columns[at] = convert(column, image, at, field.name == "source", arena);
            }
            made[i] = Value::list(columns);
        }
        return Value::list(made);
    }

    Value convert(const record::Field& column, const StructView& image, size_t at, bool is_source,
                  record::Arena& arena) {
        const Schema& schema = *column.schema;
        const auto value = [&] { return image.get(at); };
        if (is_source && schema.name.empty()) {
            if (column.name == "ts_ms") return moved_epoch(value(), 1'000);
            if (column.name == "ts_us") return moved_epoch(value(), 1'000'000);
            if (column.name == "ts_ns") return moved_epoch(value(), 1'000'000'000);
        }
        if (schema.is_logical(kMilliTimestamp) || schema.is_logical(record::kTimestamp))
            return as_local(value(), 1'000);
        if (schema.is_logical(kMicroTimestamp)) return as_local(value(), 1'000'000);
        if (schema.is_logical(kNanoTimestamp)) return as_local(value(), 1'000'000'000);
        if (schema.is_logical(kZonedTimestamp)) return zoned(value(), true, arena);
        if (schema.is_logical(kZonedTime)) return zoned(value(), false, arena);
        if (schema.name.starts_with("io.debezium.time.") || schema.is_logical(record::kDate) ||
            schema.is_logical(record::kTime))
            warn_once(schema.name, column.name);
        return image.raw(at, record::Nulls::AsTheyAre);
    }
    /// The value read as the zone's wall clock.
    Value as_local(const Value& value, int64_t per_second) const {
        if (value.is_null()) return value;
        return Value::integer(value.integer() -
                              zone_.offset_of_local(floor_div(value.integer(), per_second)) * per_second);
    }
    Value moved_epoch(const Value& value, int64_t per_second) const {
        if (value.is_null()) return value;
        return Value::integer(value.integer() + zone_.offset_at(floor_div(value.integer(), per_second)) * per_second);
    }
    Value zoned(const Value& value, bool has_date, record::Arena& arena) const {
        if (value.is_null()) return value;
        auto time = IsoTime::parse(value.text(), has_date);
        if (!time) throw FatalError(format("Text '{}' could not be parsed as a time with a zone", value.text()));
        // Debezium takes a time of day's offset from now, a timestamp's from its own wall clock.
        time->move_to(has_date ? zone_.offset_of_local(time->day * 86'400 + time->second_of_day)
                               : zone_.offset_at(now_ms() / 1000));
        return Value::text(arena.copy(time->text(has_date)));
    }
    void warn_once(const std::string& type, const std::string& field) {
        if (warned_.insert(type + field).second)
            log::warn("transform",
                      format("Skipping conversion for unsupported logical type: {} for field: {}", type, field));
    }

    const Zone zone_;
    Mode mode_ = Mode::All;
    Rules by_topic_, by_table_, by_either_;
    std::set<std::string> warned_;
};

}  // namespace

const TransformType kTimezoneConverter{"io.debezium.transforms.TimezoneConverter", table_of<kOptions>,
                                       make_from<TimezoneConverter>};

}  // namespace millrace::transform
