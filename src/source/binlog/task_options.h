#pragma once

#include "source/binlog/binlog_chunk_reader.h"
#include "source/binlog/change_writer.h"
#include "source/binlog/dialect.h"
#include "source/binlog/schema_state.h"
#include "source/binlog/snapshot.h"
#include "source/binlog/streaming.h"
#include "source/engine/source.h"

/// What a connector's configuration makes of the options of the parts that its task is made of. All throw ConfigError.
namespace millrace::binlog {

SchemaState::Options schema_options(const Dialect& dialect, const engine::SourceContext& context);
ChangeWriter::Options writer_options(const Dialect& dialect, const engine::SourceContext& context);
Snapshot::Options snapshot_options(const engine::SourceContext& context, const ConnectionOptions& connection);
BinlogChunkReader::Options chunk_reader_options(const engine::SourceContext& context,
                                                const ConnectionOptions& connection);
PurgeWatch::Options purge_watch_options(const engine::SourceContext& context, const ConnectionOptions& connection);
Streaming::Options streaming_options(const engine::SourceContext& context, const ConnectionOptions& connection);

}  // namespace millrace::binlog
