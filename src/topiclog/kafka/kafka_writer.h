#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>

#include "topiclog/kafka/producer.h"
#include "topiclog/kafka/task_writer.h"

namespace millrace::topiclog::kafka {

/// At least once: records go out as fast as the brokers take them, many requests at a time; an offset is written once
/// everything before it was acknowledged, at most every `offset.flush.linger.ms`. After a crash what came since the
/// last offset is written again.
class KafkaWriter final : public TaskWriter {
  public:
    KafkaWriter(ConfHandle conf, WriterOptions options, const WriterContext& context);
    ~KafkaWriter() override;

    void write(AppendBatch& batch, const std::optional<OffsetRecord>& offset) override;
    void flush() override;
    void abandon() override;

  private:
    /// A batch on its way: how many of its records are not acknowledged, and the offset behind it.
    struct InFlight {
        std::atomic<size_t> records = 0;
        std::optional<OffsetRecord> offset;
        std::vector<AppendBatch::Commit> commits;
    };

    void delivered(const rd_kafka_message_t& message, void* ticket);
    void settle(InFlight& batch);
    void not_delivered(const rd_kafka_message_t& message);
    bool leave_out(const RefusedRecord& record, bool may_wait);
    bool send_letter(const RefusedRecord& record, const Headers& headers, bool may_wait);
    int after_reports();
    void send_due_offset(std::unique_lock<std::mutex>& lock);
    void fail(std::exception_ptr fault);
    void throw_if_failed();
    bool is_idle() const { return in_flight_.empty() && !due_ && !offset_in_flight_; }

    std::mutex mutex_;  ///< Guards what follows, up to producer_.
    std::condition_variable changed_;
    std::deque<std::unique_ptr<InFlight>> in_flight_;  ///< In the order written.
    std::optional<OffsetRecord> due_;                  ///< All before it is acknowledged; to be written.
    bool offset_in_flight_ = false;
    uint64_t mark_in_flight_ = 0;  ///< That offset's.
    bool flushing_ = false;
    int64_t last_offset_ms_ = 0;
    std::exception_ptr fault_;
    std::unique_ptr<Producer> producer_;
};

}  // namespace millrace::topiclog::kafka
