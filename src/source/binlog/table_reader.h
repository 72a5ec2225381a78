#pragma once

#include <memory>
#include <string>
#include <vector>

#include "source/binlog/connection.h"
#include "source/binlog/schema_state.h"
#include "source/binlog/table_select.h"
#include "source/engine/row_reader.h"

namespace millrace::binlog {

/// Reads tables' rows over a connection whose view is open.
class TableReader final : public engine::RowReader {
  public:
    /// `savepoints`: let DDL on tables pass that have been read; not behind LOCK TABLES.
    TableReader(Connection& view, bool savepoints, SchemaState& schema)
        : view_(view), savepoints_(savepoints), schema_(schema) {}

    void open(const relational::TableId& table, const std::string& select) override;
    std::shared_ptr<engine::RecordShape> shape() const override { return plan_; }
    bool has_ranges() const override { return select_->has_key() && select_->can_resume(); }
    int64_t estimated_rows() override;
    std::optional<engine::SnapshotKey> key_behind(const std::optional<engine::SnapshotKey>& after,
                                                  size_t rows) override;
    std::string statement(const Extent& extent) const override;
    void read(const Extent& extent, Row& row, const std::function<bool()>& each) override;
    engine::SnapshotKey current_key() const override { return select_->key_of(current_); }

  private:
    void find_columns(const std::vector<std::string>& names);
    void append_row(Row& row);

    Connection& view_;
    const bool savepoints_;
    SchemaState& schema_;
    relational::TableId id_;
    std::string own_select_;  ///< The user's; empty: none.
    std::shared_ptr<TablePlan> plan_;
    std::unique_ptr<TableSelect> select_;
    engine::KeyPlaces places_;
    TextRow current_;
    // Where the user's own SELECT gives the columns that the plan wants.
    std::vector<int> column_places_;
    std::vector<char*> values_;
    std::vector<unsigned long> lengths_;
};

}  // namespace millrace::binlog
