#include "config/property_table.h"

#include <algorithm>
#include <regex>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::config {
namespace {

bool is_pattern(const Property& property) {
    return property.name.find('(') != std::string_view::npos;
}

std::optional<std::string> type_problem(const Property& property, const std::string& value) {
    switch (property.type) {
        case Type::Boolean:
            if (iequals(value, "true") || iequals(value, "false")) return std::nullopt;
            return format("Invalid value {} for configuration {}: Expected value to be either true or false", value,
                          property.name);
        case Type::Int:
        case Type::Short:
        case Type::Long:
            if (parse_int(value)) return std::nullopt;
            return format("Invalid value {} for configuration {}: Not a number of type {}", value, property.name,
                          name_of(property.type));
        default:
            return std::nullopt;
    }
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
        if (auto problem = type_problem(*property, value)) {
            problems.push_back({name, *problem});
        } else if (!is_among(property->allowed, value)) {
            problems.push_back({name, format("The '{}' value is invalid: Value must be one of {}", name,
                                             join(split_list(property->allowed), ", "))});
        } else if (!is_among(property->built, value) ||
                   (property->support == Support::Refused && !is_default(*property, value))) {
            Property named = *property;
            named.name = name;
            problems.push_back({name, refusal(named, value)});
        }
    }
    return problems;
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
