#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "source/engine/change_writer.h"
#include "source/engine/notifier.h"
#include "source/engine/record_queue.h"
#include "source/engine/snapshot_rows.h"
#include "source/postgres/postgres_offset.h"
#include "source/postgres/replication_slot.h"
#include "source/postgres/schema_state.h"

namespace millrace::postgres {

/// Reads the captured tables as of one place in the log: the place of a slot that is made for it, whose exported
/// snapshot all connections read from.
class Snapshot {
  public:
    struct Options {
        engine::SourceFigures* figures = nullptr;
        std::function<void()> started;  ///< See engine::SourceContext.
        ConnectionOptions connection;
        std::string slot;  ///< The slot that streaming will read; empty: it does not stream.
        bool is_failover = false;
        size_t threads = 1;    ///< snapshot.max.threads
        int64_t delay_ms = 0;  ///< snapshot.delay.ms
        bool locks = false;    ///< snapshot.locking.mode=shared
        int64_t lock_timeout_ms = 10'000;
        relational::NamePatterns included;  ///< snapshot.include.collection.list
        bool with_data = true;              ///< Rows are read.
        /// A blocking snapshot, asked for by a signal while streaming: of these tables alone. The place in the log
        /// stays where it is.
        std::optional<relational::NamePatterns> on_demand;
        engine::SnapshotRows::Options rows;
        std::string logger;
    };
    /// `offset` is kept up to date under the queue's lock.
    Snapshot(Options options, SchemaState& schema, engine::ChangeWriter& writer, engine::RecordQueue& queue,
             engine::Notifier& notifier, PostgresOffset& offset);

    /// Afterwards `offset` says where streaming begins, and everything is durable; if it was stopped,
    /// offset.in_snapshot is still set. Throws RetriableError, FatalError, ServerError.
    void run(const std::stop_token& stop);

  private:
    bool take(const std::stop_token& stop);
    void open_views();
    void lock_tables();
    void read_structure();
    void set_offset();
    void read_data(const std::stop_token& stop);
    void tell_source(engine::ChangeWriter::SourceText& text, const relational::TableId& table,
                     std::string_view marker) const;
    void info(const std::string& message) const;
    void notify(const char* type);

    Options options_;
    SchemaState& schema_;
    engine::ChangeWriter& writer_;
    engine::RecordQueue& queue_;
    engine::Notifier& notifier_;
    PostgresOffset& offset_;
    std::unique_ptr<Connection> exporter_;  ///< Holds the slot's snapshot, and the slot if it is temporary.
    std::vector<std::unique_ptr<Connection>> views_;
    Lsn place_;
    int64_t begun_us_ = 0;  ///< When the view was opened, µs since 1970.
    std::optional<uint32_t> xid_;
    std::vector<relational::TableId> captured_, tables_;  ///< Of which those are read.
    int64_t rows_read_ = 0;
};

}  // namespace millrace::postgres
