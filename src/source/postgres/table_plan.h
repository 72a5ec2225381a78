#pragma once

#include <memory>
#include <string>
#include <vector>

#include "source/engine/record_shape.h"
#include "source/postgres/catalog.h"
#include "source/postgres/column_plan.h"
#include "source/postgres/connection.h"

namespace millrace::postgres {

/// What all plans of a connector have in common.
struct PlanSettings : engine::ShapeSettings {
    ValueModes modes;
};

/// How one table's rows become records, compiled once per structure. Run by one thread at a time.
class TablePlan : public engine::RecordShape {
  public:
    TablePlan(const PgTable& table, PgTypes& types, const relational::Filters& filters,
              const relational::KeyColumns& keys, const PlanSettings& settings);

    /// The columns that a tuple must have.
    size_t column_count() const { return slots_.size(); }

    /// Appends the row's struct; `places` gets those of the key columns' values. Where a value is not in the log
    /// because it was not changed, `old_row` (nullptr: not known) may have it. Throws FatalError if the row does not
    /// fit.
    void append_row(std::string& out, const Tuple& row, const Tuple* old_row, engine::KeyPlaces& places);
    /// Appends the struct of a row that has the values of selected_columns() alone, and its key's.
    void append_selected(std::string& row_json, std::string& key_json, const Tuple& row, engine::KeyPlaces& places);

  private:
    /// A column of the table; without a plan its values are left out.
    using Slot = std::optional<engine::PlanSlot<ColumnPlan>>;

    std::vector<Slot> slots_;
    std::vector<size_t> planned_;  ///< Of the columns with a plan: their places in slots_.
};

/// A result's row as a tuple: `columns` says where the row has each of the tuple's values; -1: nowhere, so it is null.
/// Returns `tuple`; it points into the row.
const Tuple& result_tuple(const TextRow& row, const std::vector<int>& columns, Tuple& tuple);

}  // namespace millrace::postgres
