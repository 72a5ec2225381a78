#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "source/binlog/dialect.h"
#include "source/binlog/schema_state.h"

namespace millrace::binlog {

/// Tables' structure as the server has it now, and whether that is also what it was at a place in its log: it is if no
/// DDL statement on them stands behind that place.
class ServerTables {
  public:
    ServerTables(const Dialect& dialect, ConnectionOptions connection, const SchemaState& schema)
        : dialect_(dialect), connection_(std::move(connection)), schema_(schema) {}

    /// Nothing if there is no such table. Throws ServerError.
    std::optional<relational::Table> read(Connection& connection, const relational::TableId& id) const;
    /// From its SHOW CREATE TABLE.
    std::optional<relational::Table> parse(const relational::TableId& id, std::string_view statement) const;

    /// The first DDL statement behind a place in the log (GTIDs, or file and position) that changes what `concerns` its
    /// caller. Reads the log up to where it ends now. Throws ServerError, RetriableError, FatalError.
    std::optional<std::string> ddl_behind(const BinlogOffset& place,
                                          const std::function<bool(const ddl::DdlResult&)>& concerns) const;
    /// The first one on this table.
    std::optional<std::string> ddl_behind(const BinlogOffset& place, const relational::TableId& id) const;

  private:
    const Dialect& dialect_;
    const ConnectionOptions connection_;
    const SchemaState& schema_;
};

}  // namespace millrace::binlog
