#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "topiclog/sqlite/database.h"
#include "topiclog/topic_log.h"

namespace millrace::topiclog {

/// Reads an embedded store: the half that the owner and other processes share. Each call is a short read
/// transaction that ends before it returns, so that no reader, however slow with what it got, keeps the
/// write-ahead log from being cut. Thread-safe.
class StoreReader {
  public:
    explicit StoreReader(const std::string& directory);

    std::vector<TopicInfo> topics();
    std::optional<TopicInfo> topic(const std::string& name);
    std::vector<StoredRecord> fetch(const std::string& name, int32_t partition, int64_t offset, size_t bytes_max);
    /// Differs after the store's owner has committed something.
    int64_t data_version();

  private:
    std::optional<TopicInfo> read_topic(Statement& row);
    const std::string& prefix(int64_t id);

    std::mutex mutex_;
    Database database_;
    Statement select_topics_;
    Statement select_topic_;
    Statement select_partitions_;
    Statement select_partition_;
    Statement select_batches_;
    Statement select_prefix_;
    std::unordered_map<int64_t, std::string> prefixes_;
};

/// The store's file inside its directory.
std::string store_file(const std::string& directory);

}  // namespace millrace::topiclog
