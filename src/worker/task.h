#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "source/engine/source.h"

namespace millrace::worker {

enum class State { Unassigned, Running, Paused, Failed, Restarting, Stopped };
std::string_view name_of(State state);

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
    };
    /// `started` is for SourceContext::started.
    using MakeSource = std::function<std::unique_ptr<engine::Source>(std::function<void()> started)>;
    using StateChanged = std::function<void(State, const std::string& trace)>;

    Task(Options options, MakeSource make_source, StateChanged state_changed);
    /// Stops and waits for what is in flight.
    ~Task();
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

  private:
    void run(const std::stop_token& stop);
    /// True if it is worth another try.
    bool run_once(const std::stop_token& stop, int64_t& failures);

    const Options options_;
    const MakeSource make_source_;
    const StateChanged state_changed_;
    std::jthread thread_;
};

}  // namespace millrace::worker
