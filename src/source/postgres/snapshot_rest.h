#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "source/engine/incremental_snapshot.h"
#include "source/engine/snapshot_rows.h"
#include "source/postgres/postgres_offset.h"
#include "source/postgres/schema_state.h"

namespace millrace::postgres {

/// What is left of an initial snapshot that was interrupted, and tables that are captured anew. Tables with a key are
/// read in chunks while streaming goes on from where the snapshot stood; those without one are read first, as a whole,
/// as of a temporary slot's place, and their changes before that place are passed over when the stream comes to them.
/// Throws what Connection throws, and ServerError.
class SnapshotRest {
  public:
    SnapshotRest(const ConnectionOptions& connection, std::string slot, engine::SnapshotRows::Options rows,
                 relational::NamePatterns included, SchemaState& schema, std::string logger)
        : connection_(connection),
          slot_(std::move(slot)),
          rows_(std::move(rows)),
          included_(std::move(included)),
          schema_(schema),
          logger_(std::move(logger)) {}

    /// The tables that are left, with the ranges of those that were begun; their structure is known afterwards.
    /// `offset` tells what is done.
    engine::IncrementalSnapshotState tables(Connection& control, const PostgresOffset& offset) const;

    /// Reads those that cannot be read in chunks and takes them out of `state`.
    void read_whole_tables(engine::IncrementalSnapshotState& state, PostgresOffset& offset,
                           engine::ChangeWriter& writer, engine::RecordQueue& queue, engine::Notifier& notifier,
                           const std::stop_token& stop) const;

  private:
    bool has_chunks(const relational::TableId& id) const;

    const ConnectionOptions& connection_;
    const std::string slot_;
    const engine::SnapshotRows::Options rows_;
    const relational::NamePatterns included_;
    SchemaState& schema_;
    const std::string logger_;
};

}  // namespace millrace::postgres
