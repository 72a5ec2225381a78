#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "events/transaction_metadata.h"
#include "source/engine/incremental_snapshot.h"
#include "source/engine/snapshot_progress.h"

namespace millrace::engine {

/// What every source's offset tells beside the place in its log, under Debezium's names; those that begin with
/// "millrace" are our own, and Debezium passes over them.
struct OffsetState {
    bool in_snapshot = false;  ///< The initial snapshot is not complete.
    /// Of a snapshot that is not complete; without in_snapshot: of tables that are captured anew.
    SnapshotProgress progress;
    /// What chose the captured tables when this was written (captured_lists.h); empty: not known.
    std::string lists;
    /// An incremental snapshot in progress; without collections: none.
    IncrementalSnapshotState incremental;
    std::optional<int64_t> signal_offset;  ///< Of the last record of the signal topic that was acted on.
    /// Of the transaction that is being read, where provide.transaction.metadata is on: its id (empty: none) and the
    /// events counted so far.
    std::string transaction_id;
    std::vector<events::TransactionFormat::Count> transaction_counts;

    /// Adds them to an offset; in_snapshot is the source's to write.
    void put_into(Json& json) const;
    /// Takes them from one. Throws Json::exception, and FatalError for a key of rows that holds what cannot be read.
    void take_from(const Json& json);
};

}  // namespace millrace::engine
