#pragma once

#include <optional>
#include <stop_token>

#include "source/binlog/dialect.h"
#include "source/binlog/schema_state.h"
#include "source/binlog/server_tables.h"
#include "source/engine/incremental_snapshot.h"
#include "source/engine/snapshot_rows.h"

namespace millrace::binlog {

/// What is left of an initial snapshot that was interrupted. Tables with a key are read in chunks while streaming goes
/// on from where the snapshot stood; those without one are read first, as a whole, and their changes up to that place
/// are passed over when the stream comes to them.
class SnapshotRest {
  public:
    SnapshotRest(const Dialect& dialect, const ConnectionOptions& connection, engine::SnapshotRows::Options rows,
                 relational::NamePatterns included, SchemaState& schema, const ServerTables& server,
                 std::string logger);

    /// The tables that are left, with the ranges of those that were begun. `offset` tells what is done.
    engine::IncrementalSnapshotState tables(const BinlogOffset& offset) const;

    /// Reads those that cannot be read in chunks and takes them out of `state`. False if one of them was altered since
    /// the snapshot began, so that all has to be read anew.
    bool read_whole_tables(engine::IncrementalSnapshotState& state, BinlogOffset& offset, ChangeWriter& writer,
                           engine::RecordQueue& queue, engine::Notifier& notifier, const std::stop_token& stop);

  private:
    bool has_chunks(const relational::TableId& id) const;
    bool is_unaltered(Connection& view, const relational::TableId& id) const;

    const Dialect& dialect_;
    const ConnectionOptions& connection_;
    const engine::SnapshotRows::Options rows_;
    const relational::NamePatterns included_;
    SchemaState& schema_;
    const ServerTables& server_tables_;
    const std::string logger_;
};

}  // namespace millrace::binlog
