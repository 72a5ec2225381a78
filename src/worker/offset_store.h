#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_fwd.h"
#include "topiclog/topic_log.h"

namespace millrace::worker {

/// Source offsets in Kafka Connect's records: key ["connector",{partition}], value {offset}, null for none. Safe from
/// any thread.
class OffsetStore {
  public:
    OffsetStore(topiclog::TopicLog& log, std::string topic) : log_(log), topic_(std::move(topic)) {}

    /// A connector's partitions with their offsets. `own_topic`: its offsets.storage.topic, whose offsets go before
    /// those of the worker's topic; empty if it has none.
    std::vector<std::pair<Json, Json>> read(const std::string& connector, const std::string& own_topic) const;
    /// Null removes a partition's offset.
    void write(const std::string& connector, const std::string& own_topic,
               const std::vector<std::pair<Json, Json>>& offsets);

  private:
    topiclog::TopicLog& log_;
    const std::string topic_;
};

}  // namespace millrace::worker
