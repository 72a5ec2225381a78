#pragma once

#include <string>
#include <vector>

#include "topiclog/topic_log.h"
#include "worker/worker_config.h"

namespace millrace::worker {

/// One of the topics that a worker keeps its state in.
struct InternalTopic {
    std::string name;
    const char* property;  ///< "config.storage.topic"
    const char* purpose;   ///< "connector configurations", in messages.
    topiclog::TopicConfig config;
};

std::vector<InternalTopic> internal_topics(const WorkerConfig& config);

/// What is wrong with a topic as it is: Kafka Connect's words, and how to mend it. Nothing if it can serve.
std::optional<std::string> internal_topic_problem(const InternalTopic& topic, const topiclog::TopicInfo& found);

/// Creates what is missing. Throws ConfigError naming the property if a topic is there but cannot serve.
void ensure_internal_topics(topiclog::TopicLog& log, const WorkerConfig& config);

}  // namespace millrace::worker
