#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "topiclog/local_log.h"
#include "topiclog/sqlite/batch_codec.h"
#include "topiclog/sqlite/store_reader.h"

namespace millrace::topiclog {

struct StoreOptions {
    std::string directory;
    int64_t cleanup_interval_ms = 30'000;  ///< `store.cleanup.interval.ms`: how often retention and compaction run.
    int64_t wal_bytes_max = 64 << 20;      ///< `store.wal.bytes`: write-ahead log size at which it is folded in.
};

/// The embedded TopicLog: one SQLite file in WAL mode with synchronous=FULL, so that what append() returned from
/// survives a power loss. One process owns a store at a time (a lock file says which); readers may come any time
/// and never wait. A thread named "store-cleaner" applies retention and compaction.
class SqliteLog final : public LocalLog {
  public:
    /// Creates the store if it is missing. Throws EnvironmentError if another process owns it (the message says
    /// which) or its format is newer than this program.
    explicit SqliteLog(const StoreOptions& options);
    ~SqliteLog() override;

    void ensure_topic(const std::string& name, const TopicConfig& config) override;
    std::vector<TopicInfo> topics() override { return reader_->topics(); }
    std::optional<TopicInfo> topic(const std::string& name) override { return reader_->topic(name); }
    bool remove_topic(const std::string& name) override;
    void append(const AppendBatch& batch) override;
    std::vector<StoredRecord> fetch(const std::string& name, int32_t partition, int64_t offset,
                                    size_t bytes_max) override {
        return reader_->fetch(name, partition, offset, bytes_max);
    }
    uint64_t append_count() override;
    void wait_for_append(uint64_t seen, int64_t timeout_ms) override;

    /// Applies retention and compaction once, now.
    void clean_up();

  private:
    struct Partition {
        int64_t id = 0;
        int64_t next_offset = 0;
    };
    struct Topic {
        int64_t id = 0;
        TopicConfig config;
        std::vector<Partition> partitions;
        std::unordered_map<std::string, int64_t> prefix_ids;
    };
    struct Statements;

    void load_topics();
    Topic& topic_for(const std::string& name, const TopicConfig& config);
    int64_t prefix_id(Topic& topic, const std::string& bytes);
    void append_slot(const AppendBatch& batch, uint32_t slot);
    void write_batch(const Partition& partition, const BatchWriter& writer);
    void apply_retention(const TopicInfo& info);
    void compact(const std::string& name);
    void run_cleaner(const std::stop_token& stop);

    const StoreOptions options_;
    int lock_file_ = -1;
    std::mutex mutex_;  ///< Guards everything below but reader_.
    std::unique_ptr<Database> database_;
    std::unique_ptr<Statements> statements_;
    std::unordered_map<std::string, Topic> topics_;
    std::unordered_map<std::string, int64_t> compacted_up_to_;
    std::unique_ptr<StoreReader> reader_;

    std::mutex count_mutex_;
    std::condition_variable_any appended_;
    uint64_t append_count_ = 0;
    std::jthread cleaner_;
};

}  // namespace millrace::topiclog
