#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "source/binlog/server_tables.h"
#include "source/engine/record_queue.h"

namespace millrace::binlog {

/// Tables that a connector captures from this start on (`snapshot.new.tables`): its configuration chooses them, and the
/// one that the stored offset was written under did not. The offset carries the lists that choose.
class NewTables {
  public:
    NewTables(const Dialect& dialect, const ConnectionOptions& connection, const config::Settings& settings,
              SchemaState& schema, const ServerTables& server, std::string logger);

    /// The tables that are new since `offset`, in the schema and on the server, at the offset's place. Those whose
    /// structure the schema history was not told are made known to it first. Throws FatalError if that cannot be done.
    std::vector<relational::TableId> take_up(const BinlogOffset& offset, ChangeWriter& writer,
                                             engine::RecordQueue& queue);

  private:
    bool know(const relational::TableId& id, const BinlogOffset& offset, ChangeWriter& writer,
              engine::RecordQueue& queue);

    const Dialect& dialect_;
    const ConnectionOptions& connection_;
    const config::Settings& settings_;
    SchemaState& schema_;
    const ServerTables& server_tables_;
    const std::string logger_;
};

}  // namespace millrace::binlog
