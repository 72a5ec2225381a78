#pragma once

#include <optional>

#include "source/engine/incremental_snapshot.h"
#include "source/engine/snapshot_progress.h"

namespace millrace::engine {

/// What of every source's offset tells of snapshots and signals.
struct SnapshotState {
    bool in_snapshot = false;  ///< The initial snapshot is not complete.
    /// Of a snapshot that is not complete; without in_snapshot: of tables that are captured anew.
    SnapshotProgress progress;
    /// An incremental snapshot in progress; without collections: none.
    IncrementalSnapshotState incremental;
    std::optional<int64_t> signal_offset;  ///< Of the last record of the signal topic that was acted on.
};

}  // namespace millrace::engine
