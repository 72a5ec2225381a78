#pragma once

#include <string>

#include "topiclog/topic_log.h"

namespace millrace::rest {

/// One record as a JSON line: {"p":partition,"o":offset,"ts":…,"k":key or null,"v":value or null,"h":[[name,value],…]}.
/// Bytes that are not UTF-8 stand as base64:….
std::string export_line(const topiclog::StoredRecord& record);

/// {"name":…,"partitions":…,"records":…}
std::string listing_line(const topiclog::TopicInfo& info);

/// Everything that is known of a topic.
std::string description(const topiclog::TopicInfo& info);

}  // namespace millrace::rest
