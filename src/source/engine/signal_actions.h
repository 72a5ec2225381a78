#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "relational/schema_history_record.h"
#include "source/engine/incremental_snapshot.h"
#include "source/engine/signal.h"

namespace millrace::engine {

/// What a signal makes a connector do. What cannot be done is logged and changes nothing, as in
/// Debezium. Used by the source's thread, not under the record queue's lock.
class SignalActions {
  public:
    struct Hooks {
        /// Runs a blocking snapshot of these tables (regular expressions), by the user's SELECT where there is one.
        std::function<void(const std::vector<std::string>& tables,
                           const std::vector<IncrementalSnapshot::Condition>& selects)>
            blocking_snapshot;
        /// A change of structure that a signal brings, as schema histories have it. Empty: the connector keeps none.
        std::function<void(const std::string& database, const std::vector<relational::TableChange>& changes)>
            schema_changes;
        /// Actions that only this connector knows, by type. They are given the data; what they cannot do they log.
        std::map<std::string, std::function<void(const Json& data)>> own;
        std::function<std::string()> offset_text;
    };
    SignalActions(IncrementalSnapshot& snapshot, Hooks hooks, std::string logger);

    /// What must become durable with the signal itself. Under the record queue's lock.
    void note(const Signal& signal);
    /// The rest. Not under the lock.
    void act(const Signal& signal);

  private:
    void execute_snapshot(const Signal& signal, const Json& data);
    void stop_snapshot(const Json& data);
    void write_log(const Json& data) const;
    void change_schema(const Json& data);
    void warn(const std::string& message) const;

    IncrementalSnapshot& snapshot_;
    const Hooks hooks_;
    const std::string logger_;
};

}  // namespace millrace::engine
