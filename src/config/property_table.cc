#include "config/property_table.h"

#include <algorithm>
#include <limits>
#include <map>
#include <regex>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::config {
namespace {

bool is_pattern(const Property& property) {
    return property.name.find('(') != std::string_view::npos;
}

template <typename Number>
bool is_within(const std::string& value) {
    const auto number = parse_int(value);
    return number && *number >= std::numeric_limits<Number>::min() && *number <= std::numeric_limits<Number>::max();
}

/// io.debezium.config.Field's words for a value that is not of its type.
const char* expectation(Type type) {
    switch (type) {
        case Type::Boolean:
            return "Either 'true' or 'false' is expected";
        case Type::Long:
            return "A long value is expected";
        case Type::Short:
            return "A short value is expected";
        case Type::Class:
            return "A Java class name is expected";
        default:
            return "An integer is expected";
    }
}

/// And for one that breaks its rule; nullptr: it does not.
const char* broken_rule(Rule rule, const std::string& value) {
    const auto number = parse_int(value);
    const bool is_int = is_within<int32_t>(value);
    switch (rule) {
        case Rule::PositiveInteger:
            return is_int && *number > 0 ? nullptr : "A positive, non-zero integer value is expected";
        case Rule::NonNegativeInteger:
            return is_int && *number >= 0 ? nullptr : "An non-negative integer is expected";
        case Rule::NonNegativeLong:
            return number && *number >= 0 ? nullptr : "A non-negative long value is expected";
        case Rule::PositiveLong:
            return number && *number > 0 ? nullptr : "A positive, non-zero long value is expected";
        case Rule::Pairs: {
            const auto pairs = split_list(value);
            const bool all = std::all_of(pairs.begin(), pairs.end(), [](const auto& pair) {
                return std::count(pair.begin(), pair.end(), '=') == 1 && pair.front() != '=' && pair.back() != '=';
            });
            return all ? nullptr
                       : "A equivalent-separated map of valid key/value pairs is expected, for example: k1=v1,k2=v2";
        }
        default:
            return nullptr;
    }
}

std::vector<std::string> aliases(const std::string& value) {
    std::vector<std::string> all;
    for (const auto& alias : split(value, ',')) all.emplace_back(trimmed(alias));
    return all;
}

/// In the words of Kafka's validators; empty: it is not broken.
std::string broken_kafka_rule(Rule rule, const std::string& value) {
    if (rule == Rule::NonEmpty && value.empty()) return "String must be non-empty";
    if (rule == Rule::ConnectorName && value.empty()) return "String may not be empty";
    if (rule == Rule::Aliases && !value.empty()) {
        auto all = aliases(value);
        std::sort(all.begin(), all.end());
        if (std::adjacent_find(all.begin(), all.end()) != all.end()) return "Duplicate alias provided.";
    }
    return "";
}

/// The words in the order in which a java.util.HashSet holds them: messages list enumerations so.
std::vector<std::string> in_hash_set_order(const std::vector<std::string>& words) {
    size_t buckets = 16;
    while (static_cast<double>(words.size()) > static_cast<double>(buckets) * 0.75) buckets *= 2;
    const auto bucket = [&](const std::string& word) {
        const auto hash = static_cast<uint32_t>(java_hash(word));
        return (hash ^ hash >> 16) & (buckets - 1);
    };
    std::multimap<uint32_t, std::string> by_bucket;
    for (const auto& word : words) by_bucket.emplace(static_cast<uint32_t>(bucket(word)), word);
    std::vector<std::string> sorted;
    for (const auto& [number, word] : by_bucket) sorted.push_back(word);
    return sorted;
}

bool is_among(std::string_view list, const std::string& value, bool ignores_case) {
    if (list.empty()) return true;
    const auto words = split_list(list);
    return std::any_of(words.begin(), words.end(),
                       [&](const auto& word) { return ignores_case ? iequals(word, value) : word == value; });
}

bool is_default(const Property& property, const std::string& value) {
    if (property.default_value == nullptr) return value.empty();
    if (property.type == Type::List) return split_list(value) == split_list(property.default_value);
    return iequals(value, property.default_value);
}

bool is_refused(const Property& property, const std::string& value) {
    return !is_among(property.built, value, true) ||
           (property.support == Support::Refused && !is_default(property, value));
}

std::string refusal(const Property& property, const std::string& name, const std::string& value) {
    return format("The '{}' value is invalid: {} is not supported by Millrace yet; remove the property{}", name,
                  property.type == Type::Password ? "this value" : "'" + value + "'",
                  property.default_value == nullptr
                      ? std::string()
                      : format(" or set it to its default, '{}'", property.default_value));
}

}  // namespace

bool has_type(Type type, const std::string& value) {
    switch (type) {
        case Type::Boolean:
            return iequals(trimmed(value), "true") || iequals(trimmed(value), "false");
        case Type::Int:
            return is_within<int32_t>(value);
        case Type::Short:
            return is_within<int16_t>(value);
        case Type::Long:
            return is_within<int64_t>(value);
        case Type::Class:
            return !value.empty();
        default:
            return true;
    }
}

std::string_view name_of(Type type) {
    constexpr std::string_view kNames[] = {"BOOLEAN", "STRING", "INT",   "SHORT",   "LONG",
                                           "DOUBLE",  "LIST",   "CLASS", "PASSWORD"};
    return kNames[static_cast<size_t>(type)];
}

std::string_view name_of(Importance importance) {
    constexpr std::string_view kNames[] = {"HIGH", "MEDIUM", "LOW"};
    return kNames[static_cast<size_t>(importance)];
}

std::string_view name_of(Width width) {
    constexpr std::string_view kNames[] = {"NONE", "SHORT", "MEDIUM", "LONG"};
    return kNames[static_cast<size_t>(width)];
}

std::vector<std::string> recommended_values(const Property& property, Words words) {
    if (words == Words::Kafka) return {};
    auto values = in_hash_set_order(split_list(property.allowed));
    for (auto& value : values) value = lower(value);
    return values;
}

std::vector<Property> with_own(std::span<const Property> shared, std::span<const OwnProperty> own) {
    std::vector<Property> rows(shared.begin(), shared.end());
    const auto place = [&](std::string_view name) {
        return std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
    };
    for (const auto& [behind, property] : own) {
        if (const auto same = place(property.name); same != rows.end())
            *same = property;
        else if (const auto row = place(behind); row != rows.end())
            rows.insert(row + 1, property);
        else
            rows.push_back(property);
    }
    return rows;
}

const Property* PropertyTable::find(std::string_view name) const {
    for (const auto& property : properties_)
        if (property.name == name) return &property;
    for (const auto& property : properties_)
        if (is_pattern(property) && std::regex_match(std::string(name), std::regex(std::string(property.name))))
            return &property;
    return nullptr;
}

std::vector<Problem> PropertyTable::check(const Settings& settings) const {
    std::vector<Problem> problems;
    const auto check_value = [&](const Property& property, const std::string& name, const std::string& value) {
        auto messages =
            words_ == Words::Kafka ? kafka_problems(property, name, value) : debezium_problems(property, name, value);
        for (auto& message : messages) problems.push_back({name, std::move(message)});
    };
    for (const auto& property : properties_) {
        const std::string name(property.name);
        if (is_pattern(property)) {
            for (const auto& [given, value] : settings.values())
                if (find(given) == &property) check_value(property, given, value);
            continue;
        }
        const auto given = settings.values().find(name);
        if (given != settings.values().end()) check_value(property, name, given->second);
        if (!property.required) continue;
        if (words_ == Words::Kafka && given == settings.values().end())
            problems.push_back(
                {name, format("Missing required configuration \"{}\" which has no default value.", name)});
        if (words_ == Words::Debezium && settings.text(name).empty())
            problems.push_back({name, format("The '{}' value is invalid: A value is required", name)});
    }
    return problems;
}

std::vector<std::string> PropertyTable::kafka_problems(const Property& property, const std::string& name,
                                                       const std::string& given) const {
    const std::string value(trimmed(given));
    if (!has_type(property.type, value)) {
        if (property.type == Type::Class) return {};  // told with the class itself
        const bool boolean = property.type == Type::Boolean;
        std::vector<std::string> all = {format("Invalid value {} for configuration {}: {}", value, name,
                                               boolean ? std::string("Expected value to be either true or false")
                                                       : format("Not a number of type {}", name_of(property.type)))};
        if (property.least && property.default_value != nullptr)
            all.push_back(format("Invalid value null for configuration {}: Value must be non-null", name));
        return all;
    }
    if (property.least && *parse_int(value) < *property.least)
        return {
            format("Invalid value {} for configuration {}: Value must be at least {}", value, name, *property.least)};
    if (!is_among(property.allowed, value, property.ignores_case)) {
        std::vector<std::string> words = split_list(property.allowed);
        if (property.ignores_case)
            for (auto& word : words) word = upper(word);
        return {format("Invalid value {} for configuration {}: String must be one of{}: {}", value, name,
                       property.ignores_case ? " (case insensitive)" : "",
                       join(property.ignores_case ? in_hash_set_order(words) : words, ", "))};
    }
    if (const auto broken = broken_kafka_rule(property.rule, value); !broken.empty())
        return {format("Invalid value {} for configuration {}: {}",
                       property.type == Type::List ? "[" + join(aliases(value), ", ") + "]" : value, name, broken)};
    if (!value.empty() && is_refused(property, value)) return {refusal(property, name, value)};
    return {};
}

std::vector<std::string> PropertyTable::debezium_problems(const Property& property, const std::string& name,
                                                          const std::string& value) const {
    std::vector<std::string> all;
    const auto complain = [&](std::string_view what) {
        all.push_back(format("The '{}' value is invalid: {}", name, what));
    };
    const int times = property.rule == Rule::TypeAgain ? 2 : 1;
    if (!has_type(property.type, value))
        for (int i = 0; i < times; ++i) complain(expectation(property.type));
    if (const char* broken = broken_rule(property.rule, value)) complain(broken);
    const bool known =
        is_among(property.allowed, value, true) || (!property.older.empty() && is_among(property.older, value, true));
    if (!known) {
        if (property.rule == Rule::ValidName) complain(format("Must be a valid {} value", name));
        for (int i = 0; i < times; ++i)
            complain(
                format("Value must be one of {}", lower(join(in_hash_set_order(split_list(property.allowed)), ", "))));
    }
    if (all.empty() && !trimmed(value).empty() && is_refused(property, value))
        all.push_back(refusal(property, name, value));
    return all;
}

std::vector<std::string> PropertyTable::notices(const Settings& settings,
                                                std::span<const std::string_view> namespaces) const {
    std::vector<std::string> lines;
    for (const auto& [name, raw] : settings.values()) {
        const std::string value(trimmed(raw));
        if (const Property* property = find(name)) {
            if (property->support == Support::NoEffect && !value.empty() && !is_default(*property, value))
                lines.push_back(format("The property '{}' has no effect in Millrace and is ignored", name));
            continue;
        }
        const bool ours = std::any_of(namespaces.begin(), namespaces.end(),
                                      [&](std::string_view space) { return name.starts_with(space); });
        if (!ours) continue;
        const auto nearest = std::min_element(
            properties_.begin(), properties_.end(),
            [&](const auto& a, const auto& b) { return edit_distance(a.name, name) < edit_distance(b.name, name); });
        if (nearest != properties_.end() && edit_distance(nearest->name, name) <= 4)
            lines.push_back(
                format("The property '{}' is unknown and ignored; did you mean '{}'?", name, nearest->name));
        else
            lines.push_back(format("The property '{}' is unknown and ignored", name));
    }
    return lines;
}

Settings PropertyTable::with_defaults(const Settings& settings) const {
    Settings full = settings;
    for (const auto& property : properties_)
        if (property.default_value != nullptr && !is_pattern(property))
            full.set_default(std::string(property.name), property.effective_default != nullptr
                                                             ? property.effective_default
                                                             : property.default_value);
    return full;
}

}  // namespace millrace::config
