#pragma once

#include <optional>
#include <string>
#include <vector>

#include "source/engine/incremental_snapshot.h"
#include "source/postgres/catalog.h"
#include "source/postgres/connection.h"
#include "source/postgres/table_plan.h"

namespace millrace::postgres {

/// The statements that read a table's rows in the order of a key, from one key to another. Result columns are those of
/// TablePlan::selected_columns(), behind them the key columns that are not among these. Keys are compared by the server
/// alone, so any type that it can order will do.
class TableSelect {
  public:
    /// Throws FatalError if the table has no such key column.
    TableSelect(const PgTable& table, const TablePlan& plan, const std::vector<std::string>& key_columns);

    bool has_key() const { return !key_.empty(); }

    /// All rows, in whatever order the server likes.
    std::string all() const;
    /// Rows behind `after`, up to and with `to`, in order; `limit` 0: all of them.
    std::string range(const std::optional<engine::SnapshotKey>& after, const std::optional<engine::SnapshotKey>& to,
                      const std::string& condition, size_t limit) const;
    /// Rows whose key is just this one.
    std::string equal(const engine::SnapshotKey& key, const std::string& condition) const;
    /// The key columns of the row that stands `rows` behind `after` (nothing: from the first); of none: there are not
    /// so many.
    std::string key_behind(const std::optional<engine::SnapshotKey>& after, size_t rows) const;
    /// The key columns of the last row.
    std::string last_key(const std::string& condition) const;

    /// Of a row of all(), range() or equal().
    engine::SnapshotKey key_of(const TextRow& row) const;
    /// Of a row of last_key() or key_behind().
    engine::SnapshotKey bare_key_of(const TextRow& row) const;

  private:
    struct KeyColumn {
        std::string name;  ///< Quoted.
        uint32_t type = 0;
        bool is_optional = false;
        size_t place = 0;  ///< In the result.
    };
    std::string behind(const engine::SnapshotKey& key) const;
    std::string up_to(const engine::SnapshotKey& key) const;
    std::string compared(const char* comparison, const engine::SnapshotKey& key) const;
    std::string order(const char* direction) const;
    std::string key_names() const;
    std::string where(const std::vector<std::string>& conditions) const;

    std::string table_;
    std::string columns_;
    std::vector<KeyColumn> key_;
    bool has_nulls_ = false;  ///< A key column may be null.
};

}  // namespace millrace::postgres
