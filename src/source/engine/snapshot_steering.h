#pragma once

#include <string>
#include <vector>

#include "relational/filters.h"
#include "source/engine/incremental_snapshot.h"
#include "source/engine/offset_state.h"
#include "source/engine/record_queue.h"
#include "source/engine/signal_actions.h"
#include "topiclog/append_batch.h"

namespace millrace::engine {

/// What goes on beside streaming, on its thread: between two events signals are acted on, and snapshots read chunk by
/// chunk, whose windows open and close where the log is. The way of a signal: from the signal table's rows, or from the
/// inbox of the other channels.
class SnapshotSteering {
  public:
    struct SnapshotInProgress {
        IncrementalSnapshot& snapshot;
        ChunkReader& reader;
    };
    struct Options {
        bool reads_signal_table = false;  ///< signal.enabled.channels has source.
        bool deletes_close = false;       ///< incremental.snapshot.watermarking.strategy=insert_delete
    };
    /// `signalled`: incremental snapshots that signals ask for; `rest`: what an interrupted initial snapshot left.
    SnapshotSteering(Options options, SnapshotInProgress signalled, SnapshotInProgress rest, SignalActions& actions,
                     SignalInbox& inbox, const relational::Filters& filters, RecordQueue& queue, OffsetState& state);

    /// The log is being read from the offset on.
    void begin();
    bool reads_signals_of(const relational::TableId& table) const {
        return options_.reads_signal_table && filters_.is_signal_table(table);
    }
    /// Changes of the signal table. Under the queue's lock.
    void note_signals(const topiclog::AppendBatch& changes);
    /// The structure of a table has changed. Under the queue's lock.
    void note_altered(const relational::TableId& table) { altered_.push_back(table.dotted()); }
    /// Between two events. Not under the queue's lock.
    void act(bool in_transaction);
    /// Puts into the offset where the snapshots are. Under the queue's lock.
    void complete_offset();

  private:
    void act_on_signals();
    void pass_windows(const SnapshotInProgress& side, bool in_transaction);
    void note_rest();

    const Options options_;
    SnapshotInProgress signalled_, rest_;
    SignalActions& actions_;
    SignalInbox& inbox_;
    const relational::Filters& filters_;
    RecordQueue& queue_;
    OffsetState& state_;
    std::vector<Signal> signals_;       ///< Of the event that was handled last.
    std::vector<std::string> altered_;  ///< By that event.
};

}  // namespace millrace::engine
