#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/binlog/dialect.h"
#include "source/binlog/gtid_filter.h"
#include "source/binlog/purge_watch.h"
#include "source/binlog/row_reselection.h"
#include "source/binlog/schema_state.h"
#include "source/binlog/structure_check.h"
#include "source/engine/heartbeat.h"
#include "source/engine/record_queue.h"
#include "source/engine/snapshot_steering.h"

namespace millrace::binlog {

/// Reads the log from an offset on and writes what it says, event by event, until it is told to stop. Keeps the
/// offset that goes with every record: at any moment a restart finds what is not yet written and nothing else.
class Streaming {
  public:
    struct Options {
        std::function<void()> connected;  ///< The server sends its log from the offset on.
        ConnectionOptions connection;
        uint32_t server_id = 0;
        int64_t heartbeat_ms = 10'000;                       ///< How often an idle server sends a sign of life.
        bool include_query = false;                          ///< include.query
        bool truncates_are_events = false;                   ///< skipped.operations without t
        engine::Heartbeat* heartbeat = nullptr;              ///< Outlives this; nullptr: none.
        PurgeWatch* purge_watch = nullptr;                   ///< Outlives this.
        StructureCheck* structure_check = nullptr;           ///< Outlives this.
        RowReselection* reselection = nullptr;               ///< Outlives this; nullptr: none.
        GtidFilter gtid_filter;                              ///< gtid.source.*
        Handling unknown_tables = Handling::Fail;            ///< inconsistent.schema.handling.mode
        Handling unreadable = Handling::Fail;                ///< event.processing.failure.handling.mode
        int64_t net_write_timeout_s = 0;                     ///< binlog.net.write.timeout; 0: the server's.
        int64_t net_read_timeout_s = 0;                      ///< binlog.net.read.timeout
        engine::TransactionMonitor* transactions = nullptr;  ///< provide.transaction.metadata; nullptr: off.
        engine::SourceFigures* figures = nullptr;
    };
    /// `offset` says where to begin and is kept up to date, always under the queue's lock, but for what
    /// complete_offset() adds, which is dear to compute for every transaction.
    Streaming(const Dialect& dialect, Options options, SchemaState& schema, ChangeWriter& writer,
              engine::RecordQueue& queue, BinlogOffset& offset);

    /// Brings the offset's GTIDs and transaction counts up to date. Under the queue's lock.
    void complete_offset();

    /// What its events steer. Before run(), and outlives it.
    void attach(engine::SnapshotSteering& steering) { steering_ = &steering; }
    /// Of the event that was handled last.
    SourceInfo current_place() const;
    /// Has more of the log been read than up to this place?
    bool is_beyond(const std::string& file, uint64_t position) const;

    /// Throws RetriableError, FatalError, ServerError. Call once.
    void run(const std::stop_token& stop);

  private:
    /// A table that the log has announced in the current statement.
    struct MappedTable {
        std::string body;  ///< The event's bytes, which `map` points into.
        TableMap map;
        relational::TableId id;
        std::shared_ptr<TablePlan> plan;  ///< nullptr: not captured.
        bool is_unknown = false;          ///< Captured, and the schema does not have it.
        bool is_checked = false;
    };

    void handle(const Event& event, topiclog::AppendBatch& batch);
    void handle_query(const Event& event, topiclog::AppendBatch& batch);
    void handle_table_map(const Event& event);
    void handle_rows(const Event& event, topiclog::AppendBatch& batch);
    void handle_ddl(const Event& event, topiclog::AppendBatch& batch, const Query& query, std::string_view statement);
    void handle_xa_prepare(const Event& event, topiclog::AppendBatch& batch);
    void handle_xa_end(const Event& event, topiclog::AppendBatch& batch, std::string_view statement);
    void replay_xa(const Event& commit, topiclog::AppendBatch& batch, const std::string& place);
    void refuse_statement(const Event& event, const Query& query, std::string_view statement) const;
    void begin_transaction(const Event& event);
    void announce_transaction(const Event& event, topiclog::AppendBatch& batch);
    void end_transaction(const Event& event, topiclog::AppendBatch& batch);
    int64_t time_us(const Event& event) const;
    void finish_event(const Event& event);
    void commit_transaction(const Event& event);
    void note_position(const Event& event);
    void note_query(const Event& event);
    bool is_read_already(const relational::TableId& id);
    SourceInfo source_info(const Event& event) const;
    std::string place(const Event& event) const;
    MappedTable map_table(const Event& event);
    void tell(Handling handling, const std::string& message) const;
    void check_structure(MappedTable& table, topiclog::AppendBatch& batch, const Event& stands_for);
    void learn(MappedTable& table, relational::Table structure, topiclog::AppendBatch& batch, const Event& stands_for);
    void handle_as_told(const Event& event, topiclog::AppendBatch& batch);
    void write_mapped_rows(const Event& event, MappedTable& table, topiclog::AppendBatch& batch,
                           const Event& stands_for);

    const Dialect& dialect_;
    Options options_;
    SchemaState& schema_;
    ChangeWriter& writer_;
    engine::RecordQueue& queue_;
    BinlogOffset& offset_;
    GtidState gtids_;

    std::unique_ptr<EventStream> stream_;
    std::unordered_map<uint64_t, MappedTable> tables_;
    bool in_transaction_ = false;
    std::string group_start_file_;
    uint64_t group_start_ = 0;  ///< Of the current GTID event or BEGIN.
    bool has_group_start_ = false;
    uint64_t events_done_ = 0;     ///< In this transaction.
    uint64_t events_to_skip_ = 0;  ///< Left from before the restart.
    uint64_t rows_to_skip_ = 0;
    std::optional<uint32_t> thread_;
    std::string query_text_;
    bool has_query_ = false;
    bool mariadb_gtid_opens_ = false;     ///< The MariaDB GTID event was this transaction's BEGIN.
    std::optional<std::string> open_xa_;  ///< Between XA START and XA PREPARE: rows wait.
    int64_t committed_us_ = 0;            ///< Of the current transaction; 0: the log does not say.
    bool ignores_changes_ = false;        ///< The transaction is of a server that gtid.source.* leaves out.
    std::string unpacked_;
    engine::SnapshotSteering* steering_ = nullptr;
    uint64_t last_position_ = 0;
    uint32_t last_server_id_ = 0;
    int64_t last_written_s_ = 0;
};

}  // namespace millrace::binlog
