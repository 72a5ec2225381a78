#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "topiclog/kafka/producer.h"
#include "topiclog/kafka/task_writer.h"

namespace millrace::topiclog::kafka {

/// Exactly once (KIP-618): records and the offset behind them in one transaction, so that a reader of committed records
/// sees each change once, whatever is killed. Opening one fences whoever wrote for the same task before. A transaction
/// spans one batch, or with transaction.boundary=interval all batches of the interval.
class TransactionalWriter final : public TaskWriter {
  public:
    /// `conf` names the transactional.id. `topics` outlives the writer. Throws RetriableError, FatalError.
    TransactionalWriter(ConfHandle conf, WriterOptions options, TopicCreation& topics);
    ~TransactionalWriter() override;

    void write(AppendBatch& batch, const std::optional<OffsetRecord>& offset) override;
    void flush() override;
    void abandon() override;

  private:
    void begin();
    void commit();
    void throw_if_refused();

    std::mutex mutex_;  ///< Guards transactions, and what follows up to producer_.
    bool is_open_ = false;
    int64_t opened_ms_ = 0;
    std::exception_ptr fault_;
    std::atomic<bool> abandoned_ = false;
    std::mutex refusal_mutex_;
    std::exception_ptr refusal_;  ///< Of a record; told by the ack thread.
    std::unique_ptr<Producer> producer_;
    std::jthread committer_;  ///< Ends transactions when their interval is over.
};

}  // namespace millrace::topiclog::kafka
