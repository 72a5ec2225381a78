#pragma once

#include <atomic>
#include <cstdint>

namespace millrace::engine {

/// What a source's task counts, for /metrics. Written by the task's threads, read by any; each figure by itself is
/// right, together they may be of slightly different moments. Kept across a task's restarts. Times are ms since 1970.
struct SourceFigures {
    using Figure = std::atomic<int64_t>;

    // Streaming
    Figure is_connected = 0;
    Figure creates = 0, updates = 0, deletes = 0, truncates = 0;
    Figure log_events = 0;    ///< Of every kind, as the server sends them.
    Figure transactions = 0;  ///< Complete ones with changes to captured tables or without.
    Figure disconnects = 0;
    Figure last_event_ms = 0;  ///< When the last change was captured; 0: none yet.
    Figure behind_ms = -1;     ///< That change's age then; -1: none yet.
    Figure position = 0;       ///< In the current log file.

    // Snapshot
    Figure snapshot_runs = 0;
    Figure snapshot_completed = 0;
    Figure snapshot_aborted = 0;
    Figure snapshot_started_ms = 0, snapshot_ended_ms = 0;
    Figure snapshot_rows = 0;
    Figure tables_total = 0, tables_left = 0;

    // Between reading and writing
    Figure queue_bytes_max = 0;
    Figure queue_bytes = 0;
    Figure records_taken = 0;  ///< Handed to the log.
    Figure batches_taken = 0;
    Figure heartbeats = 0;
    Figure records_skipped = 0;  ///< Refused by the log and left out.
    Figure dead_letters = 0;     ///< Of them, kept in the dead letter topic.
};

}  // namespace millrace::engine
