#pragma once

#include "transform/transform.h"

namespace millrace::postgres {

/// io.debezium.connector.postgresql.transforms.timescaledb.TimescaleDb: changes of TimescaleDB's chunks get the topic,
/// and in the source block the name, of the hypertable that they are of, or of the continuous aggregate that it holds.
/// Which chunk is of which is read from the server's catalogue (_timescaledb_catalog), over a connection of the
/// transform's own: its options are a connector's `database.*`. It is opened for the first chunk.
extern const transform::TransformType kTimescaleDb;

}  // namespace millrace::postgres
