#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/binlog/connection.h"
#include "source/binlog/table_plan.h"
#include "source/engine/column_reselection.h"

namespace millrace::binlog {

class SchemaState;

/// One row of a rows event: where its images begin, behind which the next row's follow.
struct LoggedRow {
    std::string_view before, after;  ///< Empty: it has none.
};

/// Reads columns of a row again whose change has come without them (engine::ColumnReselection). The row is read with a
/// share lock: the log tells a commit a moment before queries see it, and until then the change's own transaction
/// holds the row. Used by the source's thread, under the queue's lock: what is asked of the server takes its time
/// there.
class RowReselection final : public engine::RowReselectionBase {
  public:
    struct Options {
        ConnectionOptions connection;  ///< Connected to when the first row needs it.
        int64_t lock_wait_ms = 5'000;  ///< reselect.visibility.timeout.ms, in whole seconds to the server.
    };
    /// Throws ConfigError.
    RowReselection(Options options, const config::Settings& settings, const SchemaState& schema)
        : RowReselectionBase(settings), options_(std::move(options)), schema_(schema) {}

    /// The coming rows are of this event, each in turn in `row`. All of them outlive their records.
    void set_event(std::shared_ptr<TablePlan> plan, const TableMap& map, const Rows& rows, const LoggedRow& row);

    /// Throws ServerError where the connection is lost, RetriableError where it is to stop, and what
    /// ColumnReselection::complete does.
    void complete(std::string& out, size_t begin) override;

  private:
    std::optional<std::string> look_up(const std::vector<size_t>& fields, Key key, std::string& row_json) override;
    std::optional<std::string> condition(Key key, std::string& sql) const;
    std::string select_list(const std::vector<size_t>& fields) const;
    bool read(const std::string& sql, std::string& row_json);
    Connection& connection();

    Options options_;
    const SchemaState& schema_;
    std::optional<Connection> connection_;
    std::shared_ptr<TablePlan> plan_;
    const TableMap* map_ = nullptr;
    const Rows* rows_ = nullptr;
    const LoggedRow* row_ = nullptr;
    engine::KeyPlaces places_;
};

}  // namespace millrace::binlog
