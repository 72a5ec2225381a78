#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "source/binlog/dialect.h"
#include "source/binlog/schema_state.h"
#include "source/binlog/snapshot_place.h"
#include "source/binlog/snapshot_structure.h"
#include "source/engine/notifier.h"
#include "source/engine/record_queue.h"
#include "source/engine/snapshot_rows.h"

namespace millrace::binlog {

/// A snapshot in the seven steps that Debezium documents: preparing; determining captured tables; locking; offset;
/// structure; schema history; data. Whatever lock is needed spans only "find the position, open the view", unless
/// snapshot.locking.mode=extended asks for more.
class Snapshot {
  public:
    struct Options {
        engine::SourceFigures* figures = nullptr;
        std::function<void()> started;               ///< See engine::SourceContext.
        std::optional<BinlogOffset> history_offset;  ///< Where what is written to the history counts from, if not now.
        ConnectionOptions connection;
        ViewOptions view;
        bool holds_lock = false;       ///< snapshot.locking.mode=extended
        size_t threads = 1;            ///< snapshot.max.threads
        bool with_data = true;         ///< Rows are read.
        bool with_structure = true;    ///< Tables' structure is read and written to the history; else it is known.
        bool is_blocking = false;      ///< Asked for by a signal; streaming goes on from the offset afterwards.
        SourceInfo place;              ///< Where the stream is meanwhile.
        int64_t delay_ms = 0;          ///< snapshot.delay.ms
        int64_t structure_tries = 10;  ///< `snapshot.structure.tries`: new views when DDL runs meanwhile.
        SnapshotStructure::Options structure;
        engine::SnapshotRows::Options rows;
    };
    /// `offset` is kept up to date under the queue's lock.
    Snapshot(const Dialect& dialect, Options options, SchemaState& schema, ChangeWriter& writer,
             engine::RecordQueue& queue, engine::Notifier& notifier, BinlogOffset& offset);

    /// Afterwards `offset` says where streaming begins, and everything is durable; if it was stopped,
    /// offset.in_snapshot is still set. Throws RetriableError, FatalError, ServerError.
    void run(const std::stop_token& stop);

  private:
    bool take(const std::stop_token& stop);
    void info(const std::string& message) const;
    void wait_delay(const std::stop_token& stop) const;
    void check_topics();
    void lock_for_long();
    SnapshotView open_views(const std::stop_token& stop);
    bool read_structure_of(const SnapshotView& opened);
    void set_offset(const SnapshotView& opened);
    void persist_structure(const std::string& server_charset, const std::string& server_collation);
    void read_data(const std::stop_token& stop);
    void notify(const char* type);

    const Dialect& dialect_;
    Options options_;
    SchemaState& schema_;
    ChangeWriter& writer_;
    engine::RecordQueue& queue_;
    engine::Notifier& notifier_;
    BinlogOffset& offset_;
    const std::string logger_;
    SnapshotStructure structure_;
    std::vector<std::unique_ptr<Connection>> views_;
    std::unique_ptr<Connection> control_;
    std::unique_ptr<Connection> locker_;  ///< Holds the global read lock of snapshot.locking.mode=extended.
    SnapshotPlace place_;                 ///< What the rows' source struct says.
    bool holds_table_locks_ = false;
    int64_t rows_read_ = 0;
};

}  // namespace millrace::binlog
