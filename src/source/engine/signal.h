#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millrace::engine {

/// A request to a running connector: execute-snapshot, stop-snapshot, pause-snapshot, resume-snapshot, log,
/// schema-changes, those of one connector alone, and the window marks of incremental snapshots.
struct Signal {
    std::string id;
    std::string type;
    std::string data;                    ///< JSON as it came; may be empty.
    std::optional<int64_t> offset = {};  ///< Of a record on the signal topic.
};

/// {"id":…,"type":…,"data":{…}}: the form of the Kafka, file and REST channels; without an id it gets one. Nothing,
/// with the reason in `problem`, if the text has another.
std::optional<Signal> parse_signal(std::string_view text, std::string& problem);

/// Signals on their way from the threads that receive them to the one that acts on them.
class SignalInbox {
  public:
    void put(Signal signal) {
        const std::lock_guard lock(mutex_);
        signals_.push_back(std::move(signal));
    }
    std::vector<Signal> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(signals_, {});
    }

  private:
    std::mutex mutex_;
    std::vector<Signal> signals_;
};

}  // namespace millrace::engine
