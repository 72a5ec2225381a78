#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "source/engine/latency_histogram.h"

namespace millrace::engine {

/// What a source's task counts, for /metrics. Written by the task's threads, read by any; each figure by itself is
/// right, together they may be of slightly different moments. Kept across a task's restarts. Times are ms since 1970.
class SourceFigures {
  public:
    using Figure = std::atomic<int64_t>;

    /// How the log is counted: by files and GTIDs, with a schema history beside it, or from one beginning (LSN).
    enum class Log { Files, Lsn };
    std::atomic<Log> log = Log::Files;

    // Streaming
    Figure is_connected = 0;
    Figure creates = 0, updates = 0, deletes = 0, truncates = 0;
    Figure filtered = 0;      ///< Row events of tables that are not captured.
    Figure passed_over = 0;   ///< Events that could not be understood and were to be left out.
    Figure transactions = 0;  ///< Complete ones with changes to captured tables or without.
    Figure disconnects = 0;
    Figure last_event_ms = 0;  ///< When the last change was captured; 0: none yet.
    Figure behind_ms = -1;     ///< That change's age then; -1: none yet.
    Figure position = 0;       ///< In the current log file, or the LSN.
    Figure transaction = 0;    ///< Number of the last one, where they have numbers.
    Figure has_gtids = 0;
    // How long the server will still have what is to be read; -1: not known, or no end to it.
    Figure headroom_bytes = -1;  ///< Of logs that are kept and were read.
    Figure unread_bytes = -1;
    Figure kept_bytes = -1;   ///< Of log that the server keeps for this reader alone.
    Figure headroom_s = -1;   ///< Until the place that is read now is purged.
    Figure time_left_s = -1;  ///< Until reading falls out of what is kept, as fast as it goes.

    // Snapshot
    Figure snapshot_runs = 0;
    Figure snapshot_completed = 0;
    Figure snapshot_aborted = 0;
    Figure snapshot_skipped = 0;
    Figure snapshot_paused = 0;
    Figure snapshot_paused_since_ms = 0, snapshot_paused_ms = 0;  ///< The pause under way; those before it.
    Figure snapshot_started_ms = 0, snapshot_ended_ms = 0;
    Figure snapshot_rows = 0;
    Figure tables_total = 0, tables_left = 0;
    Figure holds_global_lock = 0;

    // Schema history
    Figure recovery_runs = 0;
    Figure recovery_started_ms = 0;
    Figure changes_recovered = 0, changes_applied = 0;
    Figure last_recovered_ms = 0, last_applied_ms = 0;

    // Between reading and writing
    Figure queue_bytes_max = 0;
    Figure queue_bytes = 0;
    Figure records_taken = 0;  ///< Handed to the log.
    Figure bytes_taken = 0;    ///< Of their keys and values, before compression.
    Figure batches_taken = 0;
    /// From a change's commit on the server, as it tells it (some in whole seconds), to its
    /// record being durable in its topic. Snapshots are not in it.
    LatencyHistogram latency;
    Figure heartbeats = 0;
    Figure records_skipped = 0;  ///< Refused by the log and left out.
    Figure dead_letters = 0;     ///< Of them, kept in the dead letter topic.

    /// Of one table.
    struct Table {
        Figure creates = 0, updates = 0, deletes = 0, truncates = 0;
        Figure reads = 0;                    ///< By the last snapshot.
        Figure chunks = 0, chunks_done = 0;  ///< Ranges that it was cut into.
    };
    /// Made at the first call, there for as long as these figures.
    Table& table(const std::string& dotted);
    std::vector<std::pair<std::string, const Table*>> tables() const;
    /// A snapshot begins.
    void forget_reads();

    /// What is told in words.
    struct Texts {
        std::string log_file, gtids, last_transaction;
        std::string last_recovered_ddl, last_applied_ddl;
        std::vector<std::string> captured_tables;
        std::string chunk_id, chunk_from, chunk_to, table_to;  ///< Of an incremental snapshot.
    };
    Texts texts() const;
    void tell(const std::function<void(Texts&)>& change);

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Table>> tables_;
    Texts texts_;
};

}  // namespace millrace::engine
