#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>

#include "topiclog/append_batch.h"
#include "topiclog/kafka/handles.h"
#include "topiclog/kafka/refused_record.h"

namespace millrace::topiclog::kafka {

/// A producer client and the thread ("ack-<name>") that takes its delivery reports. Records of one topic partition keep
/// their order and are there once (enable.idempotence), unless the configuration says otherwise.
class Producer {
  public:
    struct Options {
        std::string name;
        /// A record was acknowledged, or (message.err) never will be. On the ack thread, `ticket` as given to
        /// produce().
        std::function<void(const rd_kafka_message_t& message, void* ticket)> delivered;
        /// The client itself refuses a record. True: it was dealt with. On the thread of produce().
        std::function<bool(const RefusedRecord&)> refused;
        /// After each round of reports, on the ack thread; returns after how many ms at most it wants to be called
        /// again.
        std::function<int()> after_reports;
        /// Records are not acknowledged for kStallMs, or are again (nothing). On the ack thread.
        std::function<void(const std::optional<std::string>&)> health;
    };
    Producer(ConfHandle conf, Options options);
    ~Producer();
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;

    /// Hands all records to the client, waiting for room in its queue. Throws FatalError for records that no broker
    /// would take, naming topic, key and size; RetriableError if the client has failed.
    void produce(const AppendBatch& batch, void* ticket);
    /// The same, the number of each record in the batch (from 1) for its ticket, and without those in `left_out`.
    void produce_numbered(const AppendBatch& batch, const std::set<size_t>& left_out);
    /// Adds a dead letter, from any thread. RD_KAFKA_RESP_ERR__QUEUE_FULL: there is no room.
    rd_kafka_resp_err_t try_produce_letter(const std::string& topic, const RefusedRecord& record,
                                           const Headers& headers, bool with_value);
    /// Of the client's queue; a moment at most. Not on the ack thread. Throws RetriableError once abandoned.
    void wait_for_room();
    /// Adds one record, from any thread. False if the client's queue is full. Throws as produce() does.
    bool try_produce(const std::string& topic, const std::string& key, const std::string& value, int64_t timestamp_ms,
                     void* ticket);
    /// Ends the ack thread: nothing is called from then on. To be called before what the callbacks use goes away.
    void close();
    /// Has the ack thread call after_reports now.
    void wake();
    /// Ends a produce() that waits for room.
    void abandon() { abandoned_ = true; }

    rd_kafka_t* client() { return client_.get(); }

  private:
    struct Bytes {
        const void* data = nullptr;
        size_t size = 0;
    };
    rd_kafka_topic_t* topic(const std::string& name);
    rd_kafka_headers_t* headers(const std::string* encoded);
    /// On a fault `headers` are the caller's still.
    rd_kafka_resp_err_t send(rd_kafka_topic_t* topic, Bytes key, Bytes value, int64_t timestamp_ms,
                             rd_kafka_headers_t* headers, void* ticket, int32_t partition = RD_KAFKA_PARTITION_UA);
    void send_entry(const AppendBatch& batch, const AppendBatch::Entry& entry, rd_kafka_topic_t* topic, void* ticket);
    void refuse(const AppendBatch::Entry& entry, rd_kafka_topic_t* topic, Bytes key, Bytes value,
                rd_kafka_resp_err_t error, void* ticket);
    std::vector<rd_kafka_topic_t*> topics_of(const AppendBatch& batch);
    static Bytes joined(const AppendBatch& batch, const AppendBatch::Text& text, std::string& buffer);
    void run(const std::stop_token& stop);
    void watch_progress();
    void note_delivery(const rd_kafka_message_t& message);

    const Options options_;
    const std::string* last_headers_ = nullptr;  ///< headers_ was made from these.
    HeadersHandle headers_;
    std::string key_, value_;
    std::mutex mutex_;
    std::condition_variable room_;
    std::unordered_map<std::string, TopicHandle> topics_;  ///< Guarded by mutex_.
    std::atomic<bool> abandoned_ = false;
    // Of the ack thread.
    bool is_stalled_ = false;
    int last_waiting_ = 0;
    int64_t last_progress_ms_ = 0;
    std::string last_error_;
    ClientHandle client_;
    std::jthread acks_;
};

/// What a delivery report says of the record that was not delivered. Views into the report.
class ReportedRecord {
  public:
    explicit ReportedRecord(const rd_kafka_message_t& message);
    ReportedRecord(const ReportedRecord&) = delete;
    ReportedRecord& operator=(const ReportedRecord&) = delete;
    const RefusedRecord& record() const { return record_; }

  private:
    std::string_view key_, value_;
    RefusedRecord record_;
};

/// What a refusal of a record means for the task: throws FatalError where trying again cannot help, else
/// RetriableError.
[[noreturn]] void throw_delivery_fault(rd_kafka_resp_err_t error, const std::string& topic, const std::string& details);

}  // namespace millrace::topiclog::kafka
