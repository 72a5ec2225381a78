#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>

#include "source/engine/change_writer.h"
#include "source/engine/heartbeat.h"
#include "source/engine/record_queue.h"
#include "source/engine/snapshot_steering.h"
#include "source/engine/transaction_monitor.h"
#include "source/postgres/logical_message.h"
#include "source/postgres/open_transactions.h"
#include "source/postgres/postgres_offset.h"
#include "source/postgres/replication_stream.h"
#include "source/postgres/row_reselection.h"
#include "source/postgres/schema_state.h"
#include "source/postgres/slot_watch.h"
#include "source/postgres/unseen_transactions.h"

namespace millrace::postgres {

/// Reads the slot from an offset on and writes what it says, message by message, until it is told to stop. Keeps the
/// offset that goes with every record: at any moment a restart finds what is not yet written and nothing else.
class Streaming {
  public:
    struct Options {
        std::function<void()> connected;  ///< The server sends its log from the offset on.
        ReplicationStream::Options stream;
        OpenTransactions::Options open_transactions;
        bool truncates_are_events = false;                   ///< skipped.operations without t
        bool confirms = true;                                ///< lsn.flush.mode; false: manual.
        int64_t slot_tries = 6;                              ///< slot.max.retries
        int64_t slot_retry_ms = 10'000;                      ///< slot.retry.delay.ms
        int64_t xmin_interval_ms = 0;                        ///< xmin.fetch.interval.ms; 0: never.
        int64_t tick_ms = 1'000;                             ///< How long to wait for the server at most.
        engine::Heartbeat* heartbeat = nullptr;              ///< Outlives this; nullptr: none.
        engine::TransactionMonitor* transactions = nullptr;  ///< provide.transaction.metadata; nullptr: off.
        SlotWatch* slot_watch = nullptr;                     ///< Outlives this; nullptr: none.
        LogicalMessageWriter* messages = nullptr;            ///< Outlives this.
        RowReselection* reselection = nullptr;               ///< Outlives this; nullptr: none.
        std::function<uint64_t()> durable_mark;              ///< Of the last offset that is durable.
        engine::SourceFigures* figures = nullptr;
        std::string logger;
    };
    /// `control` is for looking at the catalogue. `offset` says where to begin and is kept up to date under the queue's
    /// lock.
    Streaming(Options options, Connection& control, SchemaState& schema, engine::ChangeWriter& writer,
              engine::RecordQueue& queue, PostgresOffset& offset);

    /// Brings the offset's transaction and snapshots up to date. Under the queue's lock.
    void complete_offset();
    /// What its events steer. Before run(), and outlives it.
    void attach(engine::SnapshotSteering& steering) { steering_ = &steering; }
    /// For what keeps run() from reading on, a blocking snapshot: the server ends a stream that nobody speaks for.
    void stay_alive() { stream_->stay_alive(); }
    /// Of the message that was handled last.
    SourceInfo current_place() const;
    /// Is one of these transactions among those that were read last?
    bool is_ahead(const UnseenTransactions& unseen) const;
    /// Have all transactions that commit before this place been read?
    bool has_passed(Lsn place) const { return !in_transaction_ && offset_.resume_from() >= place; }

    /// Throws RetriableError, FatalError, ServerError. Call once.
    void run(const std::stop_token& stop);

  private:
    /// A table that the log has announced.
    struct Announced {
        relational::TableId id;
        std::shared_ptr<TablePlan> plan;  ///< nullptr: not captured.
    };

    void open(const std::stop_token& stop);
    void receive(const ReplicationStream::Data& data, const std::stop_token& stop);
    void replay(const StreamCommit& end, Lsn lsn, const std::stop_token& stop);
    void parse(std::string_view bytes, Lsn lsn);
    void handle(Lsn lsn, topiclog::AppendBatch& batch);
    void act(Lsn lsn);
    void begin(const Begin& begin, Lsn lsn, topiclog::AppendBatch& batch);
    void commit(const Commit& commit, Lsn lsn, topiclog::AppendBatch& batch);
    void announce(const Relation& relation);
    void insert(const Insert& insert, Lsn lsn, topiclog::AppendBatch& batch);
    void update(const Update& update, Lsn lsn, topiclog::AppendBatch& batch);
    void remove(const Delete& remove, Lsn lsn, topiclog::AppendBatch& batch);
    void truncate(const Truncate& truncate, Lsn lsn, topiclog::AppendBatch& batch);
    void emit_message(const LogicalMessage& message, Lsn lsn, topiclog::AppendBatch& batch);
    const Announced& announced(uint32_t relation) const;
    bool is_done_already(Lsn lsn);
    /// Was the table read as of a place that the open transaction commits before?
    bool is_read_already(const relational::TableId& table) const {
        return !offset_.read_at.empty() && offset_.read_at.contains(table.dotted());
    }
    void note(Lsn lsn, const char* type);
    void begin_event(topiclog::AppendBatch& batch, const Announced& table, Lsn lsn);
    SourceInfo source_info(Lsn lsn) const;
    template <typename Write>
    void write_change(engine::ChangeWriter::Operation operation, const char* type, uint32_t relation, Lsn lsn,
                      topiclog::AppendBatch& batch, Write&& write);
    void note_idle();
    void look_for_xmin();
    void catalogue_is_reachable();

    Options options_;
    Connection& control_;
    SchemaState& schema_;
    engine::ChangeWriter& writer_;
    engine::RecordQueue& queue_;
    PostgresOffset& offset_;
    std::unique_ptr<ReplicationStream> stream_;
    std::unordered_map<uint32_t, Announced> relations_;
    OpenTransactions open_;
    Message message_;
    Tuple old_row_, new_row_;
    bool in_transaction_ = false;
    uint32_t xid_ = 0;
    int64_t committed_us_ = 0;
    Lsn transaction_end_;
    std::string origin_;
    Lsn origin_lsn_;
    uint64_t events_to_skip_ = 0;  ///< Left from before the restart.
    Lsn skip_before_;              ///< The same, as Debezium's offsets tell it.
    Lsn last_lsn_;
    int64_t last_xmin_ms_ = 0;
    static constexpr size_t kRecent = 4096;
    std::array<uint32_t, kRecent> recent_ = {};  ///< The transactions that were done last, in a ring.
    size_t recent_count_ = 0;                    ///< All that were done.
    engine::SnapshotSteering* steering_ = nullptr;
};

}  // namespace millrace::postgres
