#include "source/postgres/row_reselection.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/errors.h"
#include "base/text.h"
#include "source/postgres/unseen_transactions.h"

namespace millrace::postgres {

void RowReselection::set_row(std::shared_ptr<TablePlan> plan, const Tuple& row, uint32_t xid) {
    plan_ = std::move(plan);
    row_ = &row;
    xid_ = xid;
}

void RowReselection::complete(std::string& out, size_t begin) {
    columns().complete(plan_, out, begin, *this);
}

/// The log tells a commit a moment before queries see it; until then they give the row as it was.
bool RowReselection::comes_into_sight() {
    if (xid_ == visible_xid_) return true;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.visibility_ms);
    for (;;) {
        const auto snapshot = connection_->value("SELECT txid_current_snapshot()::text");
        if (!UnseenTransactions::of(snapshot.value_or("")).contains(xid_)) break;
        throw_if_stopped();
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    visible_xid_ = xid_;
    return true;
}

/// What the row is found by. Returns why there is nothing to find it by, if so.
std::optional<std::string> RowReselection::condition(Key key, std::string& sql) const {
    const PgTable& table = schema_.table(plan_->id());
    const auto names = key == Key::Event ? plan_->key_column_names() : table.primary_key;
    if (names.empty())
        return key == Key::Event ? "its key has no column"
                                 : "the table has no primary key; reselect.use.event.key=true uses the record's key";
    std::vector<std::string> conditions;
    for (const auto& name : names) {
        const auto at = std::find_if(table.columns.begin(), table.columns.end(),
                                     [&](const auto& column) { return column.column.name == name; });
        const auto place = static_cast<size_t>(at - table.columns.begin());
        const TupleValue* value = place < row_->size() ? &(*row_)[place] : nullptr;
        if (value == nullptr || value->state == TupleValue::State::Unchanged)
            return format("the log has no value of the key's column {}", name);
        conditions.push_back(quote_name(name) +
                             (value->state == TupleValue::State::Null ? " IS NULL" : " = " + quote_text(value->text)));
    }
    sql = join(conditions, " AND ");
    return std::nullopt;
}

std::optional<std::string> RowReselection::look_up(const std::vector<size_t>& fields, Key key, std::string& row_json) {
    std::string where;
    if (auto lacking = condition(key, where)) return lacking;
    const auto& selected = plan_->selected_columns();
    std::vector<std::string> columns;
    std::vector<int> places(selected.size(), -1);
    for (const size_t field : fields) {
        const std::string& name = plan_->row_fields()[field].column;
        const auto at = std::find(selected.begin(), selected.end(), name) - selected.begin();
        places[static_cast<size_t>(at)] = static_cast<int>(columns.size());
        columns.push_back(quote_name(name));
    }
    const PgTable& table = schema_.table(plan_->id());
    try {
        if (!connection_ || !connection_->is_alive()) connection_.emplace(options_.connection);
        if (!comes_into_sight())
            return format("transaction {} has committed but cannot be seen by queries; is a synchronous standby away?",
                          xid_);
        bool is_found = false;
        connection_->stream(format("SELECT {} FROM {} WHERE {} LIMIT 1", join(columns, ", "),
                                   quote_table(table.id.database, table.id.table), where),
                            nullptr, [&](const TextRow& row) {
                                plan_->append_selected(row_json, key_json_, result_tuple(row, places, found_), places_);
                                return is_found = true;
                            });
        key_json_.clear();
        if (is_found) return std::nullopt;
        return "there is no such row any more: " + where;
    } catch (const ServerError& fault) {
        if (is_retriable(fault)) {
            connection_.reset();
            throw;
        }
        return fault.message;
    }
}

}  // namespace millrace::postgres
