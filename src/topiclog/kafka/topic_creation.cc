#include "topiclog/kafka/topic_creation.h"

#include <algorithm>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "topiclog/topic_creation_rules.h"

namespace millrace::topiclog::kafka {
namespace {

constexpr size_t kNameBytesMax = 249;

/// org.apache.kafka.common.internals.Topic: what is wrong with a name, if anything.
std::optional<std::string> name_problem(const std::string& name) {
    if (name.empty() || name == "." || name == "..") return std::string("the name is illegal");
    if (name.size() > kNameBytesMax)
        return format("the name has {} characters; {} are the most", name.size(), kNameBytesMax);
    const bool legal = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    });
    if (legal) return std::nullopt;
    return std::string("the name is illegal: only letters, digits, '.', '_' and '-' may stand in it");
}

/// Missing permissions can be granted while the task waits; for the rest its configuration must change.
[[noreturn]] void refuse(const std::vector<std::pair<std::string, std::string>>& refused) {
    std::string text = format("{} topic(s) that the connector writes to cannot be had:", refused.size());
    bool is_permission = true;
    for (const auto& [name, reason] : refused) {
        const bool lacks_permission = reason.find("AUTHORIZATION_FAILED") != std::string::npos;
        is_permission = is_permission && lacks_permission;
        text += format(
            "\n  {}: {}{}", name, reason,
            lacks_permission ? "; grant the worker's user DESCRIBE and WRITE on it (CREATE, if it is not there)" : "");
    }
    if (is_permission) throw RetriableError(text, RetriableError::Shown::Failed);
    throw FatalError(text);
}

constexpr const char* kNobodyCreates =
    "it does not exist, and nobody creates it: set topic.creation.default.partitions and "
    "topic.creation.default.replication.factor for the connector (with the worker's topic.creation.enable=true), or "
    "create it with kafka-topics.sh --create";

}  // namespace

std::optional<Admin::NewTopicSpec> TopicCreation::spec_for(const std::string& name, const Rules& rules) {
    const auto config = created_topic(name, rules);
    if (!config) return std::nullopt;
    return Admin::NewTopicSpec{name, config->partitions, config->replication_factor, config->settings};
}

std::vector<std::string> TopicCreation::missing_of(const std::vector<std::string>& names) {
    std::vector<std::string> unknown;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& name : names)
            if (!known_.contains(name)) unknown.push_back(name);
    }
    if (unknown.empty()) return unknown;
    std::set<std::string> present;
    for (const auto& topic : admin_.topics()) present.insert(topic.name);
    const std::lock_guard lock(mutex_);
    known_.insert(present.begin(), present.end());
    std::erase_if(unknown, [&](const auto& name) { return present.contains(name); });
    return unknown;
}

void TopicCreation::forget() {
    const std::lock_guard lock(mutex_);
    known_.clear();
}

/// Where the broker does not let us ask, it is given the benefit of the doubt.
bool TopicCreation::broker_creates() {
    const auto found = admin_.broker_setting("auto.create.topics.enable");
    return !found || iequals(*found, "true");
}

void TopicCreation::check(const std::vector<std::string>& names, const Rules& rules) {
    std::vector<std::pair<std::string, std::string>> refused;
    std::optional<bool> by_broker;
    for (const auto& name : missing_of(names)) {
        if (const auto problem = name_problem(name)) {
            refused.emplace_back(name, *problem);
            continue;
        }
        const auto spec = is_enabled_ ? spec_for(name, rules) : std::nullopt;
        if (spec) {
            if (const auto answer = admin_.create(*spec, true)) refused.emplace_back(name, *answer);
        } else {
            if (!by_broker) by_broker = broker_creates();
            if (!*by_broker) refused.emplace_back(name, kNobodyCreates);
        }
    }
    if (!refused.empty()) refuse(refused);
}

void TopicCreation::ensure(const std::vector<std::string>& names, const Rules& rules) {
    std::vector<std::pair<std::string, std::string>> refused;
    for (const auto& name : missing_of(names)) {
        std::optional<std::string> answer = name_problem(name);
        const auto spec = is_enabled_ && !answer ? spec_for(name, rules) : std::nullopt;
        if (spec) {
            answer = admin_.create(*spec, false);
            if (!answer) log::info("kafka", format("Created topic {} with {} partition(s)", name, spec->partitions));
        }
        if (!answer) answer = admin_.refusal_of(name);
        if (answer) {
            const bool unknown = !spec && answer->starts_with("UNKNOWN_TOPIC_OR_PART");
            refused.emplace_back(name, unknown ? std::string(kNobodyCreates) : *answer);
            continue;
        }
        const std::lock_guard lock(mutex_);
        known_.insert(name);
    }
    if (!refused.empty()) refuse(refused);
}

}  // namespace millrace::topiclog::kafka
