#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "source/engine/record_stage.h"
#include "source/engine/source_figures.h"
#include "topiclog/topic_log.h"

namespace millrace::engine {

/// Hands records from a source's thread to the thread that writes them, and the source's position with them. The
/// source adds records under enter(); the sender, whenever it is free, takes all that is there together with the
/// offset that stands behind its last record, and gives both to the task's RecordWriter: so a lone change leaves at
/// once, and under load batches grow by themselves. Bounded in bytes: a slow log slows the source down.
class RecordQueue {
  public:
    struct Options {
        size_t bytes_max = 4 << 20;                 ///< `max.queue.size.in.bytes` (0: this default).
        int64_t offset_flush_interval_ms = 60'000;  ///< How long a position without records may wait.
        std::string thread_name = "sender";
        SourceFigures* figures = nullptr;  ///< Outlives the queue; may be missing.
        /// See topiclog::WriterOptions.
        std::function<void(uint64_t mark)> offset_durable;
        /// Between the source's records and the writer; missing: nothing is.
        std::shared_ptr<RecordStage> stage;
    };
    /// The offset record for where the source is now; nothing before it knows.
    using CurrentOffset = std::function<std::optional<topiclog::OffsetRecord>()>;

    /// Opens the task's writer; see TopicLog::open_writer for what that ends.
    RecordQueue(topiclog::TopicLog& log, topiclog::WriterOptions writer, Options options, CurrentOffset current_offset);
    ~RecordQueue();
    RecordQueue(const RecordQueue&) = delete;
    RecordQueue& operator=(const RecordQueue&) = delete;

    /// Exclusive access to the batch being filled and to the source's position. Held for one log event's work.
    class Entry {
      public:
        Entry(RecordQueue& queue, std::unique_lock<std::mutex> lock) : queue_(queue), lock_(std::move(lock)) {}
        ~Entry();
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        topiclog::AppendBatch& batch() { return queue_.filling_; }

      private:
        RecordQueue& queue_;
        std::unique_lock<std::mutex> lock_;
    };
    /// Waits for room. Throws the sender's fault (RetriableError, FatalError) once it has failed.
    Entry enter();

    /// Runs `work` under the queue's lock, whatever state the sender is in.
    template <typename Work>
    void synchronized(Work&& work) {
        const std::lock_guard lock(mutex_);
        work();
    }

    /// Bulk work (a snapshot) is sent in batches of at least kBulkBytes unless kBulkLingerMs pass: a fast log would
    /// otherwise take row by row and cost a wake-up for each.
    void set_bulk(bool bulk);

    /// Waits until all records and the current offset are durable. Throws the sender's fault.
    void flush();

    /// Stop is requested once the sender has failed: for a source that waits for its database meanwhile. enter() throws
    /// the fault from then on.
    std::stop_token failure() const { return failure_.get_token(); }

    /// Makes flush() and enter() give up. From any thread.
    void abandon() { writer_->abandon(); }

    /// Whether transforms may give records other topics than the source did: they are made as they come up then.
    bool routes() const { return options_.stage != nullptr && options_.stage->has_transforms(); }

    /// See RecordWriter.
    void check_topics(const std::vector<std::string>& names) {
        if (!routes()) writer_->check_topics(names);
    }
    void ensure_topics(const std::vector<std::string>& names) { writer_->ensure_topics(names); }

  private:
    static constexpr size_t kBulkBytes = size_t{256} * 1024;
    static constexpr int64_t kBulkLingerMs = 5;

    void run(const std::stop_token& stop);
    bool take(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
    void throw_if_failed() const;
    void writer_failed();
    void note_durable(const std::vector<topiclog::AppendBatch::Commit>& commits) const;

    const Options options_;
    const CurrentOffset current_offset_;
    mutable std::mutex mutex_;
    std::condition_variable_any filled_;
    std::condition_variable_any emptied_;
    topiclog::AppendBatch filling_;
    topiclog::AppendBatch sending_;
    bool sender_waits_ = false;
    size_t wake_at_bytes_ = 1;  ///< How full the batch must be for the waiting sender to be woken.
    bool is_bulk_ = false;
    uint64_t flushes_wanted_ = 0;
    uint64_t flushes_done_ = 0;
    bool writer_failed_ = false;
    std::string last_offset_;
    std::optional<topiclog::OffsetRecord> offset_to_send_;
    std::exception_ptr fault_;
    std::stop_source failure_;
    std::unique_ptr<topiclog::RecordWriter> writer_;
    std::jthread sender_;
};

}  // namespace millrace::engine
