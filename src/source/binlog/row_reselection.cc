#include "source/binlog/row_reselection.h"

#include <mysqld_error.h>

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"
#include "source/binlog/schema_state.h"

namespace millrace::binlog {

void RowReselection::set_event(std::shared_ptr<TablePlan> plan, const TableMap& map, const Rows& rows,
                               const LoggedRow& row) {
    plan_ = std::move(plan);
    map_ = &map;
    rows_ = &rows;
    row_ = &row;
}

void RowReselection::complete(std::string& out, size_t begin) {
    columns().complete(plan_, out, begin, *this);
}

/// What the row is found by. Returns why there is nothing to find it by, if so.
std::optional<std::string> RowReselection::condition(Key key, std::string& sql) const {
    const relational::Table& table = schema_.catalog().tables.at(plan_->id());
    const auto names = key == Key::Event ? plan_->key_column_names() : table.primary_key;
    if (names.empty())
        return key == Key::Event ? "its key has no column"
                                 : "the table has no primary key; reselect.use.event.key=true uses the record's key";
    const bool is_insert = rows_->kind == Rows::Kind::Write;
    std::vector<std::string> conditions;
    for (const auto& name : names) {
        const auto at = std::find_if(table.columns.begin(), table.columns.end(),
                                     [&](const auto& column) { return iequals(column.name, name); });
        const auto column = static_cast<size_t>(at - table.columns.begin());
        auto value =
            plan_->condition_on(column, *map_, is_insert ? rows_->columns_before : rows_->columns_after, row_->after);
        // an update's after image may be without what it has not changed
        if (!value && !is_insert) value = plan_->condition_on(column, *map_, rows_->columns_before, row_->before);
        if (!value) return format("the log has no value of the key's column {}", name);
        conditions.push_back(std::move(*value));
    }
    sql = join(conditions, " AND ");
    return std::nullopt;
}

/// One for each of the plan's selected columns.
std::string RowReselection::select_list(const std::vector<size_t>& fields) const {
    std::vector<std::string> list(plan_->selected_columns().size(), "NULL");
    for (const size_t field : fields) {
        const std::string& name = plan_->row_fields()[field].column;
        for (size_t i = 0; i < list.size(); ++i)
            if (plan_->selected_columns()[i] == name) list[i] = quote_name(name);
    }
    return join(list, ", ");
}

Connection& RowReselection::connection() {
    if (!connection_) {
        connection_.emplace(options_.connection);
        prepare_for_reading(*connection_);
        // rows that are looked at and are not the one, and gaps between rows, stay free for others
        connection_->execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
        connection_->execute(format("SET SESSION innodb_lock_wait_timeout = {}",
                                    std::max<int64_t>(1, (options_.lock_wait_ms + 999) / 1000)));
    }
    return *connection_;
}

/// Whether there is such a row.
bool RowReselection::read(const std::string& sql, std::string& row_json) {
    bool is_found = false;
    row_json.clear();
    Connection& server = connection();
    const std::stop_callback wake(stop(), [&] { server.shut_down(); });
    server.stream(sql, [&](const TextRow& row) {
        plan_->append_text_row(row_json, row.values, row.lengths, places_);
        return is_found = true;
    });
    return is_found;
}

std::optional<std::string> RowReselection::look_up(const std::vector<size_t>& fields, Key key, std::string& row_json) {
    std::string where;
    if (auto lacking = condition(key, where)) return lacking;
    const std::string sql = format("SELECT {} FROM {} WHERE {} LIMIT 1 LOCK IN SHARE MODE", select_list(fields),
                                   quote_table(plan_->id().database, plan_->id().table), where);
    for (bool is_new = !connection_;; is_new = true) {
        try {
            if (read(sql, row_json)) return std::nullopt;
            return "there is no such row any more: " + where;
        } catch (const ServerError& fault) {
            throw_if_stopped();
            if (fault.code == ER_LOCK_WAIT_TIMEOUT)
                return format(
                    "another transaction has held the row for longer than reselect.visibility.timeout.ms "
                    "({} ms): {}",
                    options_.lock_wait_ms, where);
            if (!is_retriable(fault.code)) return fault.message;
            connection_.reset();
            if (is_new) throw;  // else it may have been idle for too long
        }
    }
}

}  // namespace millrace::binlog
