#pragma once

#include <string>
#include <utility>
#include <vector>

#include "source/binlog/schema_state.h"
#include "source/binlog/server_tables.h"
#include "source/engine/record_queue.h"

namespace millrace::binlog {

/// The tables that a snapshot is about, and their structure on its way from the server to the schema history.
class SnapshotStructure {
  public:
    struct Options {
        relational::NamePatterns included;  ///< snapshot.include.collection.list
        /// Of a blocking snapshot: the tables that it reads. Their structure alone is written.
        std::optional<relational::NamePatterns> on_demand;
        std::string order_by_rows;  ///< snapshot.tables.order.by.row.count: ascending, descending or disabled.
        ConnectionOptions connection;
    };
    SnapshotStructure(const Dialect& dialect, Options options, SchemaState& schema, std::string logger);

    /// Asks the server which databases and tables there are.
    void determine(Connection& connection);
    /// Whose rows are read, in order.
    const std::vector<relational::TableId>& tables() const { return tables_; }
    /// All that are captured, the signal table too.
    const std::vector<relational::TableId>& captured() const { return captured_; }

    /// Throws ServerError.
    void read(Connection& view);
    /// The structure was read after the view was opened. It is that of the view unless the log holds a DDL statement
    /// since: then false.
    bool is_of(const SnapshotView& opened);
    /// Leaves out tables whose structure is no longer the one that the stream has come to.
    void leave_out_changed();
    /// Writes what was read to the schema history and the schema change topic, and into the catalogue.
    void persist(engine::RecordQueue& queue, ChangeWriter& writer, const SchemaState::Place& place,
                 const std::string& server_charset, const std::string& server_collation);

  private:
    struct Database {
        std::string name;
        std::string charset, collation;
        std::vector<std::pair<relational::TableId, std::string>> tables;  ///< with their SHOW CREATE TABLE
    };
    void choose(const relational::TableId& id);
    void sort(Connection& connection);
    void info(const std::string& message) const;

    const Options options_;
    SchemaState& schema_;
    const ServerTables server_tables_;
    const std::string logger_;
    std::vector<std::string> databases_;
    std::vector<relational::TableId> all_;  ///< Whose structure goes to the history.
    std::vector<relational::TableId> captured_;
    std::vector<relational::TableId> tables_;
    std::vector<Database> structure_;
};

}  // namespace millrace::binlog
