#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "topiclog/kafka/producer.h"
#include "topiclog/kafka/task_writer.h"

namespace millrace::topiclog::kafka {

/// Exactly once (KIP-618): records and the offset behind them in one transaction, so that a reader of committed records
/// sees each change once, whatever is killed. Opening one fences whoever wrote for the same task before. A transaction
/// spans one batch, or with transaction.boundary=interval all batches of the interval. Where refused records may be
/// left out it is always one batch: it is then written again without them.
class TransactionalWriter final : public TaskWriter {
  public:
    /// `conf` names the transactional.id. Throws RetriableError, FatalError.
    TransactionalWriter(ConfHandle conf, WriterOptions options, const WriterContext& context);
    ~TransactionalWriter() override;

    void write(AppendBatch& batch, const std::optional<OffsetRecord>& offset) override;
    void flush() override;
    void abandon() override;

  private:
    void begin();
    void commit();
    void abort();
    void throw_if_refused();
    void write_transaction(const AppendBatch& batch);
    void not_delivered(const rd_kafka_message_t& message);
    bool leave_out(const RefusedRecord& record);
    void send_letters();

    std::mutex mutex_;  ///< Guards transactions, and what follows up to producer_.
    bool is_open_ = false;
    int64_t opened_ms_ = 0;
    std::optional<uint64_t> mark_;              ///< Of the last offset in the open transaction.
    std::vector<AppendBatch::Commit> commits_;  ///< Of what the open transaction holds.
    std::exception_ptr fault_;
    std::atomic<bool> abandoned_ = false;
    /// A copy of what is left out.
    struct Letter {
        std::string key, value;
        bool has_key = false, has_value = false;
        int64_t timestamp_ms = 0;
        Headers headers;
    };
    std::mutex refusal_mutex_;     ///< Guards what follows, up to producer_.
    std::exception_ptr refusal_;   ///< Of a record; told by the ack thread.
    std::set<size_t> left_out_;    ///< Of the batch being written, by number from 1.
    std::vector<Letter> letters_;  ///< To go into the same transaction.
    bool must_rewrite_ = false;    ///< left_out_ has grown since the transaction began.
    std::unique_ptr<Producer> producer_;
    const int64_t interval_ms_;
    std::jthread committer_;  ///< Ends transactions when their interval is over.
};

}  // namespace millrace::topiclog::kafka
