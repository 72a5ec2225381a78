#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/engine/column_reselection.h"
#include "source/postgres/connection.h"
#include "source/postgres/schema_state.h"

namespace millrace::postgres {

/// Reads columns of a row again whose change has come without them (engine::ColumnReselection). The row is read as it
/// is when the change's transaction can be seen, which may be later than the change. Used by the source's thread, under
/// the queue's lock: what is asked of the server takes its time there.
class RowReselection final : public engine::RowReselectionBase {
  public:
    struct Options {
        ConnectionOptions connection;   ///< Connected to when the first row needs it.
        int64_t visibility_ms = 5'000;  ///< reselect.visibility.timeout.ms
    };
    /// Throws ConfigError.
    RowReselection(Options options, const config::Settings& settings, const SchemaState& schema)
        : RowReselectionBase(settings), options_(std::move(options)), schema_(schema) {}

    /// The coming row: of this table, with the values `row`, from the transaction `xid`. `row` outlives its record.
    void set_row(std::shared_ptr<TablePlan> plan, const Tuple& row, uint32_t xid);

    /// Throws ServerError where the connection is lost, RetriableError where it is to stop, and what
    /// ColumnReselection::complete does.
    void complete(std::string& out, size_t begin) override;

  private:
    std::optional<std::string> look_up(const std::vector<size_t>& fields, Key key, std::string& row_json) override;
    std::optional<std::string> condition(Key key, std::string& sql) const;
    bool comes_into_sight();

    Options options_;
    const SchemaState& schema_;
    std::optional<Connection> connection_;
    std::shared_ptr<TablePlan> plan_;
    const Tuple* row_ = nullptr;
    uint32_t xid_ = 0, visible_xid_ = 0;
    engine::KeyPlaces places_;
    Tuple found_;
    std::string key_json_;
};

}  // namespace millrace::postgres
