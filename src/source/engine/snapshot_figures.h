#pragma once

#include "base/calendar.h"
#include "source/engine/source_figures.h"

namespace millrace::engine {

/// While there is one, the figures tell of a running snapshot; afterwards, whether it was completed.
class SnapshotFigures {
  public:
    explicit SnapshotFigures(SourceFigures& figures) : figures_(figures) {
        figures_.snapshot_started_ms = now_ms();
        figures_.snapshot_rows = 0;
        figures_.forget_reads();
        figures_.snapshot_completed = figures_.snapshot_aborted = 0;
        figures_.snapshot_runs = 1;
    }
    ~SnapshotFigures() {
        figures_.snapshot_ended_ms = now_ms();
        figures_.snapshot_runs = 0;
        figures_.holds_global_lock = 0;
        (is_complete_ ? figures_.snapshot_completed : figures_.snapshot_aborted) = 1;
    }
    SnapshotFigures(const SnapshotFigures&) = delete;
    SnapshotFigures& operator=(const SnapshotFigures&) = delete;

    void complete() { is_complete_ = true; }

  private:
    SourceFigures& figures_;
    bool is_complete_ = false;
};

}  // namespace millrace::engine
