#include "worker/internal_topics.h"

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::worker {
namespace {

constexpr const char* kMend = "To mend it: millrace doctor WORKER.properties --fix";

topiclog::TopicConfig compacted(const config::Settings& settings, const std::string& role, int32_t partitions) {
    topiclog::TopicConfig config;
    config.compact = true;
    config.partitions = partitions;
    const std::string prefix = role + ".storage.";
    config.replication_factor = static_cast<int32_t>(settings.integer(prefix + "replication.factor", 3));
    for (const auto& [name, value] : settings.values()) {
        if (!name.starts_with(prefix)) continue;
        const std::string setting = name.substr(prefix.size());
        if (setting != "topic" && setting != "replication.factor" && setting != "partitions")
            config.settings[setting] = value;
    }
    return config;
}

}  // namespace

std::vector<InternalTopic> internal_topics(const WorkerConfig& config) {
    const auto& settings = config.settings;
    const auto count = [&](const char* name) { return static_cast<int32_t>(settings.integer(name)); };
    return {{config.config_topic, "config.storage.topic", "connector configurations", compacted(settings, "config", 1)},
            {config.offset_topic, "offset.storage.topic", "source connector offsets",
             compacted(settings, "offset", count("offset.storage.partitions"))},
            {config.status_topic, "status.storage.topic", "connector and task statuses",
             compacted(settings, "status", count("status.storage.partitions"))}};
}

std::optional<std::string> internal_topic_problem(const InternalTopic& topic, const topiclog::TopicInfo& found) {
    if (found.cleanup_policy != "compact")
        return format(
            "Topic '{0}' supplied via the '{1}' property is required to have 'cleanup.policy=compact' to guarantee "
            "consistency and durability of {2}, but found the topic currently has 'cleanup.policy={3}'. Continuing "
            "would "
            "likely result in eventually losing {2} and problems restarting this Connect cluster in the future. Change "
            "the "
            "'{1}' property in the Connect worker configurations to use a topic with 'cleanup.policy=compact'. {4}",
            topic.name, topic.property, topic.purpose, found.cleanup_policy, kMend);
    const bool is_config = std::string_view(topic.property) == "config.storage.topic";
    if (is_config && found.config.partitions != 1)
        return format(
            "Topic '{}' supplied via the '{}' property is required to have a single partition in order to guarantee "
            "consistency of connector configurations, but found {} partitions. Partitions cannot be taken away: name "
            "another topic, or copy the last record of each key into one with a single partition.",
            topic.name, topic.property, found.config.partitions);
    return std::nullopt;
}

void ensure_internal_topics(topiclog::TopicLog& log, const WorkerConfig& config) {
    for (const auto& topic : internal_topics(config)) {
        log.ensure_topic(topic.name, topic.config);
        if (!config.is_on_kafka()) continue;
        const auto found = log.topic(topic.name);
        if (!found) throw EnvironmentError(format("The topic {} was created but is not there", topic.name));
        if (const auto problem = internal_topic_problem(topic, *found)) throw ConfigError(topic.property, *problem);
        for (size_t partition = 0; partition < found->first_offsets.size(); ++partition)
            if (found->first_offsets[partition] > 0)
                log::error(
                    "worker",
                    format("Topic {} ('{}') begins at offset {} in partition {}: records were deleted, which "
                           "compaction does not do. What is missing of the {} is gone; check the list of "
                           "connectors and their offsets before relying on them",
                           topic.name, topic.property, found->first_offsets[partition], partition, topic.purpose));
    }
}

}  // namespace millrace::worker
