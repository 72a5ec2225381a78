#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "source/binlog/schema_state.h"
#include "source/engine/incremental_snapshot.h"
#include "source/engine/signal.h"

namespace millrace::binlog {

/// What a signal makes a MySQL or MariaDB connector do. What cannot be done is logged and changes nothing, as in
/// Debezium. Used by the source's thread, not under the record queue's lock.
class SignalActions {
  public:
    struct Hooks {
        /// Runs a blocking snapshot of these tables (regular expressions), by the user's SELECT where there is one.
        std::function<void(const std::vector<std::string>& tables,
                           const std::vector<engine::IncrementalSnapshot::Condition>& selects)>
            blocking_snapshot;
        /// A change of structure that a signal brings, as schema histories have it.
        std::function<void(const std::string& database, const std::vector<relational::TableChange>& changes)>
            schema_changes;
        /// Moves the offset; what is read from there takes a restart.
        std::function<void(const std::string& file, uint64_t position, const std::string& gtids)> set_position;
        std::function<std::string()> offset_text;
    };
    SignalActions(engine::IncrementalSnapshot& snapshot, Hooks hooks, std::string logger);

    /// What must become durable with the signal itself. Under the record queue's lock.
    void note(const engine::Signal& signal);
    /// The rest. Not under the lock.
    void act(const engine::Signal& signal);

  private:
    void execute_snapshot(const engine::Signal& signal, const Json& data);
    void stop_snapshot(const Json& data);
    void write_log(const Json& data) const;
    void change_schema(const Json& data);
    void set_position(const Json& data);
    void warn(const std::string& message) const;

    engine::IncrementalSnapshot& snapshot_;
    const Hooks hooks_;
    const std::string logger_;
};

}  // namespace millrace::binlog
