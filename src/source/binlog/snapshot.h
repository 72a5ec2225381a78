#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "source/binlog/dialect.h"
#include "source/binlog/schema_state.h"
#include "source/engine/record_queue.h"

namespace millrace::binlog {

/// The initial snapshot in the seven steps that Debezium documents: preparing; determining captured tables;
/// locking; offset; structure; schema history; data. Rows are streamed one by one, no table is held in memory.
/// Whatever lock is needed spans only "find the position, open the view".
class Snapshot {
  public:
    struct Options {
        engine::SourceFigures* figures = nullptr;
        std::function<void()> started;               ///< See engine::SourceContext.
        std::optional<BinlogOffset> history_offset;  ///< Where what is written to the history counts from, if not now.
        ConnectionOptions connection;
        ViewOptions view;
        bool with_data = true;         ///< Rows are read.
        bool with_structure = true;    ///< Tables' structure is read and written to the history; else it is known.
        int64_t delay_ms = 0;          ///< snapshot.delay.ms
        int64_t structure_tries = 10;  ///< `snapshot.structure.tries`: new views when DDL runs meanwhile.
        int64_t progress_interval_ms = 10'000;
        uint32_t server_id = 0;                    ///< For looking through the log for DDL.
        relational::NamePatterns included_tables;  ///< snapshot.include.collection.list
    };
    /// `offset` is kept up to date under the queue's lock.
    Snapshot(const Dialect& dialect, Options options, SchemaState& schema, ChangeWriter& writer,
             engine::RecordQueue& queue, BinlogOffset& offset);

    /// Afterwards `offset` says where streaming begins, and everything is durable; if it was stopped,
    /// offset.in_snapshot is still set. Throws RetriableError, FatalError, ServerError.
    void run(const std::stop_token& stop);

  private:
    struct DatabaseStructure {
        std::string name;
        std::string charset, collation;
        std::vector<std::pair<relational::TableId, std::string>> tables;  ///< with their SHOW CREATE TABLE
    };

    bool take(const std::stop_token& stop);
    void end(bool is_complete);
    void info(const std::string& message) const;
    void determine_tables(Connection& connection);
    void check_topics();
    bool read_structure_of(const SnapshotView& opened, Connection& view, Connection& control);
    void read_structure(Connection& view);
    bool structure_is_of(const SnapshotView& opened);
    void persist_structure(const std::string& server_charset, const std::string& server_collation);
    void read_data(Connection& view, const std::stop_token& stop);
    int64_t read_table(Connection& view, const relational::TableId& id, size_t number, size_t total,
                       const std::stop_token& stop);
    void emit_pending(std::string_view marker);

    const Dialect& dialect_;
    Options options_;
    SchemaState& schema_;
    ChangeWriter& writer_;
    engine::RecordQueue& queue_;
    BinlogOffset& offset_;
    std::string logger_;
    std::vector<std::string> databases_;
    std::vector<relational::TableId> all_tables_;       ///< Whose structure goes to the history.
    std::vector<relational::TableId> captured_tables_;  ///< Whose rows are read, in order.
    std::vector<DatabaseStructure> structure_;

    // One row is held back until it is known whether another follows: the last one is marked.
    struct Pending {
        std::shared_ptr<TablePlan> plan;
        std::string row, key;
        bool is_first = false;  ///< Of the first table.
        bool is_first_of_table = false;
        bool is_last_of_table = false;
    };
    Pending pending_;
    bool has_pending_ = false;
    int64_t rows_read_ = 0;
    bool holds_table_locks_ = false;
};

}  // namespace millrace::binlog
