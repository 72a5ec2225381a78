#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "topiclog/local_log.h"

namespace millrace::topiclog {

/// A TopicLog for measuring (`store.path=null:`): data topics are counted and dropped; topics created by
/// ensure_topic (configs, offsets, statuses, schema history) are kept in memory. Nothing survives the process.
class NullLog final : public LocalLog {
  public:
    void ensure_topic(const std::string& name, const TopicConfig& config) override;
    std::vector<TopicInfo> topics() override;
    std::optional<TopicInfo> topic(const std::string& name) override;
    bool remove_topic(const std::string& name) override;
    void append(const AppendBatch& batch) override;
    std::vector<StoredRecord> fetch(const std::string& name, int32_t partition, int64_t offset,
                                    size_t bytes_max) override;
    uint64_t append_count() override;
    void wait_for_append(uint64_t seen, int64_t timeout_ms) override;

  private:
    struct Topic {
        TopicConfig config;
        bool kept = false;
        int64_t count = 0;
        std::vector<StoredRecord> records;
    };
    TopicInfo info_of(const std::string& name, const Topic& topic) const;

    std::mutex mutex_;
    std::condition_variable appended_;
    std::map<std::string, Topic> topics_;
    uint64_t append_count_ = 0;
};

}  // namespace millrace::topiclog
