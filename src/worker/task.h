#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "source/engine/source.h"
#include "worker/state.h"

namespace millrace::worker {

/// One task: a thread named "src-<connector>" that runs a source, and runs it again after faults that may pass,
/// with growing pauses. The only place where a task's faults are caught.
class Task {
  public:
    struct Options {
        std::string connector_name;
        std::string title;               ///< "MySQL", for the log.
        std::string logical_name;        ///< topic.prefix, for the log.
        int64_t retry_wait_ms = 10'000;  ///< Longest pause before a retry (retriable.restart.connector.wait.ms).
        int64_t retries_max = -1;        ///< errors.max.retries; -1: for ever.
        int64_t shutdown_ms = 5'000;     ///< How long stopping waits for what is in flight.
    };
    /// `started` is for SourceContext::started.
    using MakeSource = std::function<std::unique_ptr<engine::Source>(std::function<void()> started)>;
    using StateChanged = std::function<void(State, const std::string& trace)>;

    Task(Options options, MakeSource make_source, StateChanged state_changed);
    /// Stops; waits for what is in flight, at most `shutdown_ms`.
    ~Task();
    /// Begins to stop; the destructor waits. So that several stop at a time.
    void request_stop() { thread_.request_stop(); }
    /// Hands a request to the source. False if there is none now (the task waits for its next try, or has failed).
    bool signal(engine::Signal signal);
    /// Has the destructor wait for nothing.
    void drop() { drop_ = true; }
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

  private:
    /// Forgets the source before it goes.
    struct SourceScope {
        Task& task;
        ~SourceScope() { task.set_source(nullptr); }
    };
    void set_source(engine::Source* source);
    void run(const std::stop_token& stop);
    /// True if it is worth another try.
    bool run_once(const std::stop_token& stop, int64_t& failures);

    const Options options_;
    const MakeSource make_source_;
    const StateChanged state_changed_;
    std::atomic<bool> drop_ = false;
    std::mutex mutex_;  ///< Guards what follows, up to thread_.
    std::condition_variable ended_;
    bool has_ended_ = false;
    engine::Source* source_ = nullptr;
    std::jthread thread_;
};

}  // namespace millrace::worker
