#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "source/engine/heartbeat.h"
#include "source/engine/record_queue.h"
#include "source/engine/signal.h"
#include "source/engine/source.h"

namespace millrace::engine {

/// What every source's run has around its own work: the queue to the log, the stored offset, signals from other
/// threads, and the settings that mean the same for all. One for each run of a task; used by the source's thread, but
/// for abandon() and signal().
class SourceFrame {
  public:
    /// `logger`: of the task.
    SourceFrame(SourceContext context, std::string logger);

    const SourceContext& context() const { return context_; }
    const config::Settings& settings() const { return context_.settings; }
    const std::string& logger() const { return logger_; }

    struct Queueing {
        std::function<std::optional<topiclog::OffsetRecord>()> offset;  ///< See RecordQueue.
        std::set<std::string> unconverted_topics;                       ///< See RecordStage.
        std::function<void(uint64_t mark)> offset_durable;              ///< See WriterOptions.
    };
    /// Calls `work` with a queue to the log, and sees that all that is in it is durable afterwards.
    void run(const Queueing& how, const std::function<void(RecordQueue&)>& work);
    /// From any thread.
    void abandon();
    void signal(Signal signal) { inbox_.put(std::move(signal)); }

    SignalInbox& inbox() { return inbox_; }
    /// Tells, once, that whatever is changed from now on is captured.
    void note_started();
    /// A topic is there before the first record of this run goes to it.
    void use_topic(const std::string& topic);

    /// ["connector",{"server":"prefix"}]
    const std::string& offset_key() const { return offset_key_; }
    /// The last one stored under that key; nothing: none.
    std::optional<std::string> stored_offset() const;

    /// What a connector does that does not stream: nothing, until it is stopped. Throws what fails the queue.
    void rest(RecordQueue& queue, const std::stop_token& stop, std::string_view snapshot_mode);

    /// guardrail.collections.max. Throws FatalError.
    void check_guardrail(size_t captured_tables) const;
    bool tells_transactions() const { return settings().boolean("provide.transaction.metadata", false); }
    /// incremental.snapshot.watermarking.strategy
    bool deletes_marks() const;
    Heartbeat::Options heartbeat_options(std::string topic, std::function<void(const std::string&)> run_query) const;

  private:
    class Scope;

    SourceContext context_;
    const std::string logger_;
    const std::string offset_key_;
    SignalInbox inbox_;
    bool is_started_ = false;
    std::mutex queue_mutex_;        ///< For abandon().
    RecordQueue* queue_ = nullptr;  ///< Of the run under way.
};

/// Why a partition cannot be a connector's that has one server, {"server":"TOPIC.PREFIX"}, if so.
std::optional<std::string> partition_problem(const std::string& partition);

}  // namespace millrace::engine
