#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "topiclog/append_batch.h"

namespace millrace::topiclog {

struct TopicConfig {
    int32_t partitions = 1;
    bool compact = false;          ///< cleanup.policy=compact in place of delete.
    int64_t retention_ms = -1;     ///< -1: for ever.
    int64_t retention_bytes = -1;  ///< Per partition; -1: without bound.
};

struct TopicInfo {
    std::string name;
    TopicConfig config;
    int64_t records = 0;                 ///< All that were ever written, whether or not they are still kept.
    int64_t bytes = 0;                   ///< As stored.
    std::vector<int64_t> first_offsets;  ///< Per partition: the oldest record that is kept.
    std::vector<int64_t> next_offsets;   ///< Per partition: the offset of the next record.
};

/// One record as read back.
struct StoredRecord {
    int32_t partition = 0;
    int64_t offset = 0;
    int64_t timestamp_ms = 0;
    std::optional<std::string> key;
    std::optional<std::string> value;
    Headers headers;
};

/// Where topics are kept. What append() returned from is durable through a power loss, and a batch is there as a
/// whole or not at all. Every call may come from any thread. Faults are RetriableError.
class TopicLog {
  public:
    virtual ~TopicLog() = default;

    /// Creates the topic if it is missing; an existing one is left as it is.
    virtual void ensure_topic(const std::string& name, const TopicConfig& config) = 0;
    virtual std::vector<TopicInfo> topics() = 0;
    virtual std::optional<TopicInfo> topic(const std::string& name) = 0;
    /// False if there is no such topic.
    virtual bool remove_topic(const std::string& name) = 0;

    /// Writes the batch; topics that are missing are created with one partition. Records of one topic keep their
    /// order; those with several partitions are spread by the murmur2 hash of their key, as Kafka's producer does.
    virtual void append(const AppendBatch& batch) = 0;

    /// Records of one partition from `offset` on, in order, about `bytes_max` bytes of them (at least one record
    /// if there is any). Empty at the end of the partition or when there is no such topic.
    virtual std::vector<StoredRecord> fetch(const std::string& name, int32_t partition, int64_t offset,
                                            size_t bytes_max) = 0;

    /// Changes with every append. wait_for_append returns at once if `seen` is no longer current, otherwise after
    /// the next append or the timeout.
    virtual uint64_t append_count() = 0;
    virtual void wait_for_append(uint64_t seen, int64_t timeout_ms) = 0;
};

/// Calls `visit` with every record of the topic, partition by partition, in order of offsets.
void for_each_record(TopicLog& log, const std::string& topic, const std::function<void(const StoredRecord&)>& visit);

/// The partition that Kafka's default partitioner gives a key: murmur2, sign bit cut, modulo.
int32_t partition_of(std::string_view key, int32_t partitions);

}  // namespace millrace::topiclog
