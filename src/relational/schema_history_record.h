#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "relational/table.h"

namespace millrace::relational {

/// What a DDL statement did to one table.
struct TableChange {
    enum class Kind { Create, Alter, Drop };
    Kind kind = Kind::Create;
    TableId id;
    std::optional<TableId> previous_id;  ///< A rename's old name.
    std::optional<Table> table;          ///< As it is afterwards; absent for Drop.
};

/// One record of the schema history topic: key null, value pretty-printed as Jackson's default printer does.
struct SchemaHistoryRecord {
    std::string server;         ///< topic.prefix.
    std::string position_json;  ///< The offset map, compact JSON.
    int64_t ts_ms = 0;
    std::string database;
    std::string ddl;
    std::vector<TableChange> changes;

    std::string to_json() const;
};

/// Reads records one after the other; a long history is read at every start, so this is fast (simdjson).
class SchemaHistoryReader {
  public:
    SchemaHistoryReader();
    ~SchemaHistoryReader();
    /// Throws FatalError if the text is no history record.
    SchemaHistoryRecord read(std::string_view text);

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

/// Reads `tableChanges` alone. Throws FatalError.
std::vector<TableChange> parse_table_changes(std::string_view json_array);

std::string_view name_of(TableChange::Kind kind);

}  // namespace millrace::relational
