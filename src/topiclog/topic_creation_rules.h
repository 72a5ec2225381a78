#pragma once

#include <map>
#include <optional>
#include <string>

#include "topiclog/topic_log.h"

namespace millrace::topiclog {

/// How a connector's `topic.creation.*` (KIP-158; names as configured) has a topic made: partitions and replication
/// factor (-1: the log's default), the rest as settings. Nothing if both defaults are not given: creation is the log's
/// then. Throws ConfigError.
std::optional<TopicConfig> created_topic(const std::string& name, const std::map<std::string, std::string>& rules);

}  // namespace millrace::topiclog
