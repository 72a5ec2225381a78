#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/binlog/row_reselection.h"
#include "source/binlog/source_info.h"
#include "source/binlog/table_plan.h"
#include "source/engine/change_writer.h"

namespace millrace::binlog {

/// Writes the rows of the log's row events.
class ChangeWriter : public engine::ChangeWriter {
  public:
    using engine::ChangeWriter::ChangeWriter;

    /// Completes the rows of coming events; nullptr: they are written as they are.
    void set_reselection(RowReselection* reselection) {
        reselection_ = reselection;
        set_completion(reselection);
    }

    /// All rows of a rows event from row number `first_row` on. `info` is complete but for the table. Returns the
    /// number of rows in the event. Throws FatalError.
    uint32_t write_rows(Batch& batch, const std::shared_ptr<TablePlan>& plan, const TableMap& map, const Rows& rows,
                        const SourceInfo& info, uint32_t first_row);

    /// The same of every operation, whatever skipped.operations says, and uncounted: for reading signals.
    void write_all_rows(Batch& batch, const std::shared_ptr<TablePlan>& plan, const TableMap& map, const Rows& rows,
                        const SourceInfo& info, uint32_t first_row);

    /// One row of a snapshot: `row_json` and `key_json` were made by the plan.
    void write_read(Batch& batch, const std::shared_ptr<TablePlan>& plan, std::string_view row_json,
                    std::string_view key_json, const SourceInfo& info);

    void write_truncate(Batch& batch, const std::shared_ptr<TablePlan>& plan, const SourceInfo& info);

    /// The number of the last row within its event. Debezium goes on naming it in events that have no rows.
    uint32_t last_row() const { return last_row_; }

  private:
    void begin(Batch& batch, const std::shared_ptr<TablePlan>& plan, const SourceInfo& info, bool is_counted);
    uint32_t write_each(Batch& batch, TablePlan& plan, const TableMap& map, const Rows& rows, uint32_t first_row,
                        bool are_wanted);

    RowReselection* reselection_ = nullptr;
    LoggedRow row_;  ///< The one at hand.
    uint32_t last_row_ = 0;
};

}  // namespace millrace::binlog
