#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "topiclog/append_batch.h"
#include "topiclog/membership.h"

namespace millrace::topiclog {

struct TopicConfig {
    int32_t partitions = 1;
    bool compact = false;                         ///< cleanup.policy=compact in place of delete.
    int64_t retention_ms = -1;                    ///< -1: for ever.
    int64_t retention_bytes = -1;                 ///< Per partition; -1: without bound.
    int32_t replication_factor = -1;              ///< -1: the broker's default.
    std::map<std::string, std::string> settings;  ///< Further topic settings, on Kafka.
};

struct TopicInfo {
    std::string name;
    TopicConfig config;
    std::string cleanup_policy = "delete";  ///< As Kafka writes it: "compact", "compact,delete" …
    int64_t records = 0;                    ///< All that were ever written, whether or not they are still kept.
    int64_t bytes = 0;                      ///< As stored.
    std::vector<int64_t> first_offsets;     ///< Per partition: the oldest record that is kept.
    std::vector<int64_t> next_offsets;      ///< Per partition: the offset of the next record.
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

/// Follows one topic's records, partition by partition in order. Used by one thread at a time. Records of transactions
/// that were aborted or are still open are not shown.
class TopicReader {
  public:
    using Visit = std::function<void(const StoredRecord&)>;
    virtual ~TopicReader() = default;
    /// Visits records that came since the last call, about 1 MiB of them; waits up to `timeout_ms` for the first.
    /// Returns how many. Throws RetriableError.
    virtual size_t poll(const Visit& visit, int64_t timeout_ms) = 0;
    /// Visits all that was in the topic when the call began and was not visited yet; waits for transactions under way.
    virtual void read_to_end(const Visit& visit) = 0;
};

/// The record that tells where a source is: what stands before it in the log is done.
struct OffsetRecord {
    std::string topic, key, value;
    uint64_t mark = 0;  ///< The source's own number for the place; see WriterOptions::offset_durable.
};

/// One task's way into the log. Records of one topic partition keep their order. An offset becomes durable after (or
/// together with) everything that was written before it, never earlier. Faults are RetriableError or, where trying
/// again cannot help, FatalError; a fault of records that write() has taken comes with a later call.
/// Used by one thread, but for ensure_topics().
class RecordWriter {
  public:
    virtual ~RecordWriter() = default;
    /// Takes over records and the offset behind the last of them; may return before they are durable and waits when
    /// the log is slow. The batch may be cleared afterwards.
    virtual void write(AppendBatch& batch, const std::optional<OffsetRecord>& offset) = 0;
    /// Waits until all that was written is durable, offsets too.
    virtual void flush() = 0;
    /// Says beforehand whether records for these topics can be written: throws one FatalError that lists all topics
    /// that cannot be had, and why. Creates nothing.
    virtual void check_topics(const std::vector<std::string>& names) = 0;
    /// Creates those that are missing. Throws as check_topics() does. From any thread.
    virtual void ensure_topics(const std::vector<std::string>& names) = 0;
    /// Makes a write() or flush() that waits give up, now and later. From any thread.
    virtual void abandon() = 0;
};

/// What becomes of a record that the log refuses for what it is (too large, no key in a compacted topic).
struct RefusalOptions {
    bool skips = false;             ///< errors.tolerance=all: it is left out, with a line in the log.
    std::string dead_letter_topic;  ///< errors.deadletterqueue.topic.name: takes what is left out; empty: none.
    int dead_letter_replication = 3;
    bool adds_context = false;  ///< Its records carry __connect.errors.* headers.
    bool logs_content = false;  ///< errors.log.include.messages
    /// A record was left out; whether the dead letter topic has it. Any thread.
    std::function<void(bool is_kept)> skipped;
};

struct WriterOptions {
    std::string connector;
    int task = 0;
    std::map<std::string, std::string> client;  ///< `producer.override.*` without the prefix, in Kafka's Java names.
    std::map<std::string, std::string> topic_creation;  ///< The connector's `topic.creation.*`, names as given.
    bool is_transactional = false;                      ///< Each batch and its offset in one transaction.
    int64_t transaction_interval_ms = 0;                ///< transaction.boundary=interval; 0: a transaction per batch.
    int64_t offset_linger_ms = 1'000;  ///< How long an offset may wait after what stands before it is durable.
    /// A fault of the log that lasts ("broker down"), and nothing once it has passed. Any thread.
    std::function<void(const std::optional<std::string>&)> health;
    /// An asynchronous fault waits to be thrown by write() or flush(). Any thread.
    std::function<void()> failed;
    /// A batch is durable: when what it tells was committed. Any thread.
    std::function<void(const std::vector<AppendBatch::Commit>&)> durable;
    /// An offset, and with it everything before it, is durable: its mark. Any thread.
    std::function<void(uint64_t mark)> offset_durable;
    RefusalOptions refusal;
    /// Whether this process may still write for its connector (false once its group membership may have ended).
    std::function<bool()> may_write;
};

/// Where topics are kept. What append() returned from is durable. Every call may come from any thread. Faults are
/// RetriableError.
class TopicLog {
  public:
    virtual ~TopicLog() = default;

    /// "embedded", or Kafka's cluster id.
    virtual std::string cluster_id() = 0;
    /// Creates the topic if it is missing; an existing one is left as it is.
    virtual void ensure_topic(const std::string& name, const TopicConfig& config) = 0;
    virtual std::vector<TopicInfo> topics() = 0;
    virtual std::optional<TopicInfo> topic(const std::string& name) = 0;
    /// Changes settings by Kafka's names.
    virtual void alter_topic(const std::string& name, const std::map<std::string, std::string>& settings) = 0;
    /// False if there is no such topic.
    virtual bool remove_topic(const std::string& name) = 0;

    /// Writes the batch and waits until it is durable: a few records of an internal topic. Records of one topic keep
    /// their order; those with several partitions are spread by the murmur2 hash of their key, as Kafka's producer
    /// does.
    virtual void append(const AppendBatch& batch) = 0;

    /// `from`: the first offset wanted of a partition; partitions not named begin with their oldest record. A topic
    /// that does not exist (yet) has no records.
    virtual std::unique_ptr<TopicReader> open_reader(const std::string& topic,
                                                     const std::map<int32_t, int64_t>& from = {}) = 0;
    /// For a transactional writer, transactions that an earlier writer of the same task left open are ended first.
    virtual std::unique_ptr<RecordWriter> open_writer(WriterOptions options) = 0;
    /// Takes this worker's place among those that share the log.
    virtual std::unique_ptr<Membership> join(MembershipOptions options) = 0;
};

/// Calls `visit` with every record of the topic, partition by partition, in order of offsets.
void for_each_record(TopicLog& log, const std::string& topic, const TopicReader::Visit& visit);

/// The partition that Kafka's default partitioner gives a key: murmur2, sign bit cut, modulo.
int32_t partition_of(std::string_view key, int32_t partitions);

}  // namespace millrace::topiclog
