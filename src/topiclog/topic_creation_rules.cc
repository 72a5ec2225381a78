#include "topiclog/topic_creation_rules.h"

#include <regex>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::topiclog {
namespace {

using Rules = std::map<std::string, std::string>;

constexpr const char* kDefaultGroup = "default";

std::string option(const Rules& rules, const std::string& group, const char* what) {
    const auto found = rules.find(format("topic.creation.{}.{}", group, what));
    return found == rules.end() ? std::string() : std::string(trimmed(found->second));
}

bool matches(const std::string& name, const std::string& patterns, const std::string& property) {
    for (const auto& pattern : split_list(patterns)) {
        try {
            if (std::regex_match(name, std::regex(pattern))) return true;
        } catch (const std::regex_error&) {
            throw ConfigError(property,
                              format("The '{}' value is invalid: '{}' is no regular expression", property, pattern));
        }
    }
    return false;
}

std::string group_of(const std::string& name, const Rules& rules) {
    const auto groups = rules.find("topic.creation.groups");
    if (groups == rules.end()) return kDefaultGroup;
    for (const auto& group : split_list(groups->second)) {
        const std::string prefix = "topic.creation." + group;
        if (matches(name, option(rules, group, "include"), prefix + ".include") &&
            !matches(name, option(rules, group, "exclude"), prefix + ".exclude"))
            return group;
    }
    return kDefaultGroup;
}

int32_t count_option(const Rules& rules, const std::string& group, const char* what) {
    std::string text = option(rules, group, what);
    if (text.empty()) text = option(rules, kDefaultGroup, what);
    return static_cast<int32_t>(parse_int(text).value_or(-1));
}

}  // namespace

std::optional<TopicConfig> created_topic(const std::string& name, const Rules& rules) {
    // As in Kafka Connect both must be given.
    if (option(rules, kDefaultGroup, "partitions").empty() ||
        option(rules, kDefaultGroup, "replication.factor").empty())
        return std::nullopt;
    const std::string group = group_of(name, rules);
    TopicConfig config;
    config.partitions = count_option(rules, group, "partitions");
    config.replication_factor = count_option(rules, group, "replication.factor");
    const std::string prefix = format("topic.creation.{}.", group);
    for (const auto& [property, value] : rules) {
        if (!property.starts_with(prefix)) continue;
        const std::string setting = property.substr(prefix.size());
        if (setting != "partitions" && setting != "replication.factor" && setting != "include" && setting != "exclude")
            config.settings[setting] = value;
    }
    config.compact = option(rules, group, "cleanup.policy") == "compact";
    config.retention_ms = parse_int(option(rules, group, "retention.ms")).value_or(-1);
    config.retention_bytes = parse_int(option(rules, group, "retention.bytes")).value_or(-1);
    return config;
}

}  // namespace millrace::topiclog
