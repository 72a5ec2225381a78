#include "config/property_table.h"

#include <algorithm>
#include <map>
#include <regex>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::config {
namespace {

bool is_pattern(const Property& property) {
    return property.name.find('(') != std::string_view::npos;
}

bool has_type(Type type, const std::string& value) {
    switch (type) {
        case Type::Boolean:
            return iequals(value, "true") || iequals(value, "false");
        case Type::Int:
        case Type::Short:
        case Type::Long:
            return parse_int(value).has_value();
        default:
            return true;
    }
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
        default:
            return "An integer is expected";
    }
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

bool is_among(std::string_view list, const std::string& value) {
    if (list.empty()) return true;
    const auto words = split_list(list);
    return std::any_of(words.begin(), words.end(), [&](const auto& word) { return iequals(word, value); });
}

bool is_default(const Property& property, const std::string& value) {
    if (property.default_value == nullptr) return value.empty();
    if (property.type == Type::List) return split_list(value) == split_list(property.default_value);
    return iequals(value, property.default_value);
}

std::string refusal(const Property& property, const std::string& value) {
    return format("The '{}' value is invalid: {} is not supported by Millrace yet; remove the property{}",
                  property.name, property.type == Type::Password ? "this value" : "'" + value + "'",
                  property.default_value == nullptr
                      ? std::string()
                      : format(" or set it to its default, '{}'", property.default_value));
}

}  // namespace

std::string_view name_of(Type type) {
    constexpr std::string_view kNames[] = {"BOOLEAN", "STRING", "INT",   "SHORT",   "LONG",
                                           "DOUBLE",  "LIST",   "CLASS", "PASSWORD"};
    return kNames[static_cast<size_t>(type)];
}

std::string_view name_of(Importance importance) {
    constexpr std::string_view kNames[] = {"HIGH", "MEDIUM", "LOW"};
    return kNames[static_cast<size_t>(importance)];
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
    for (const auto& property : properties_) {
        if (property.required && settings.text(std::string(property.name)).empty())
            problems.push_back(
                {std::string(property.name), format("The '{}' value is invalid: A value is required", property.name)});
    }
    for (const auto& [name, raw] : settings.values()) {
        const Property* property = find(name);
        if (property == nullptr) continue;
        const std::string value(trimmed(raw));
        if (value.empty()) continue;
        for (auto& message : value_problems(*property, name, value)) problems.push_back({name, std::move(message)});
    }
    return problems;
}

std::vector<std::string> PropertyTable::value_problems(const Property& property, const std::string& name,
                                                       const std::string& value) const {
    const bool kafka = words_ == Words::Kafka;
    if (!has_type(property.type, value)) {
        if (!kafka) return {format("The '{}' value is invalid: {}", name, expectation(property.type))};
        const bool boolean = property.type == Type::Boolean;
        std::vector<std::string> all = {format("Invalid value {} for configuration {}: {}", value, name,
                                               boolean ? std::string("Expected value to be either true or false")
                                                       : format("Not a number of type {}", name_of(property.type)))};
        if (property.least)
            all.push_back(format("Invalid value null for configuration {}: Value must be non-null", name));
        return all;
    }
    if (property.least && *parse_int(value) < *property.least)
        return {
            format("Invalid value {} for configuration {}: Value must be at least {}", value, name, *property.least)};
    if (!is_among(property.allowed, value) && (property.older.empty() || !is_among(property.older, value))) {
        std::vector<std::string> words = split_list(property.allowed);
        if (!kafka)
            return {format("The '{}' value is invalid: Value must be one of {}", name,
                           join(in_hash_set_order(words), ", "))};
        if (property.ignores_case)
            for (auto& word : words) word = upper(word);
        return {format("Invalid value {} for configuration {}: String must be one of{}: {}", value, name,
                       property.ignores_case ? " (case insensitive)" : "",
                       join(property.ignores_case ? in_hash_set_order(words) : words, ", "))};
    }
    if (!is_among(property.built, value) || (property.support == Support::Refused && !is_default(property, value))) {
        Property named = property;
        named.name = name;
        return {refusal(named, value)};
    }
    return {};
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
            full.set_default(std::string(property.name), property.default_value);
    return full;
}

}  // namespace millrace::config
