#pragma once

#include <memory>
#include <string>
#include <vector>

#include "source/engine/row_reader.h"
#include "source/postgres/connection.h"
#include "source/postgres/schema_state.h"
#include "source/postgres/table_select.h"

namespace millrace::postgres {

/// Reads tables' rows over a connection whose transaction shows the snapshot's view.
class TableReader final : public engine::RowReader {
  public:
    TableReader(Connection& view, SchemaState& schema) : view_(view), schema_(schema) {}

    void open(const relational::TableId& table, const std::string& select) override;
    std::shared_ptr<engine::RecordShape> shape() const override { return plan_; }
    bool has_ranges() const override { return select_->has_key(); }
    int64_t estimated_rows() override;
    std::optional<engine::SnapshotKey> key_behind(const std::optional<engine::SnapshotKey>& after,
                                                  size_t rows) override;
    std::string statement(const Extent& extent) const override;
    void read(const Extent& extent, Row& row, const std::function<bool()>& each) override;
    engine::SnapshotKey current_key() const override { return select_->key_of(current_); }

  private:
    void find_columns(const std::vector<std::string>& names);

    Connection& view_;
    SchemaState& schema_;
    relational::TableId id_;
    std::string own_select_;  ///< The user's; empty: none.
    std::shared_ptr<TablePlan> plan_;
    std::unique_ptr<TableSelect> select_;
    TextRow current_;
    engine::KeyPlaces places_;
    Tuple tuple_;
    std::vector<int> column_places_;  ///< Of the plan's columns in the user's SELECT; -1: not in it.
};

}  // namespace millrace::postgres
