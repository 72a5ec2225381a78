#pragma once

#include <optional>
#include <string>

#include "source/binlog/binlog_event.h"
#include "source/binlog/server_tables.h"

namespace millrace::binlog {

/// What a table's columns in the log say against the schema: their number, their kinds and sizes, and, as far as the
/// server writes it (always from MySQL 8 on, MariaDB and the rest with binlog_row_metadata=FULL), signs, names and the
/// literals of ENUM and SET. Nothing: they fit. Kinds are told apart as far as values would be misread.
std::optional<std::string> difference(const relational::Table& table, const TableMap& map);

/// "(id INT, name VARCHAR)"
std::string columns_text(const relational::Table& table);
std::string columns_text(const TableMap& map);

/// Settles such differences by the server's own catalogue (`schema.repair`). A structure is only taken over where it is
/// proven: it fits the log, and either the log names its columns or no DDL statement on the table stands behind the
/// place. The source of the difference is a DDL that never came to the log (sql_log_bin=0), was passed over
/// (skip.unparseable.ddl, ddl filters) or that another tool's history has wrong.
class StructureCheck {
  public:
    struct Options {
        bool repairs = true;  ///< schema.repair
        ConnectionOptions connection;
        std::string logger;
    };
    struct Place {
        BinlogOffset offset;  ///< File and position.
        std::string text;     ///< For messages.
    };
    StructureCheck(Options options, const ServerTables& server, const SchemaState& schema)
        : options_(std::move(options)), server_(server), schema_(schema) {}

    /// The table's structure at this place, if it is not the one that the schema has; warns with both. Throws
    /// FatalError where it cannot be told, naming table, place, both structures and the ways out.
    std::optional<relational::Table> settle(const relational::TableId& id, const TableMap& map, const Place& place);

  private:
    std::optional<std::string> doubt(const relational::Table& now, const TableMap& map, const Place& place) const;

    const Options options_;
    const ServerTables& server_;
    const SchemaState& schema_;
};

}  // namespace millrace::binlog
