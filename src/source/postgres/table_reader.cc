#include "source/postgres/table_reader.h"

#include <algorithm>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::postgres {

void TableReader::open(const relational::TableId& table, const std::string& select) {
    id_ = table;
    own_select_ = select;
    plan_ = schema_.make_plan(table);  // its own: other threads read other tables
    const PgTable& structure = schema_.table(table);
    select_ = std::make_unique<TableSelect>(structure, *plan_, structure.primary_key);
}

/// The planner's estimate counts the table's pages as they are now; pg_class.reltuples knows nothing of a table that
/// was never analysed.
int64_t TableReader::estimated_rows() {
    const auto plan =
        view_.value("EXPLAIN (FORMAT JSON) SELECT 1 FROM " + quote_table(id_.database, id_.table)).value_or("");
    const auto json = parse_json(plan);
    try {
        return json ? json->at(0).at("Plan").at("Plan Rows").get<int64_t>() : 0;
    } catch (const Json::exception&) {
        return 0;
    }
}

std::optional<engine::SnapshotKey> TableReader::key_behind(const std::optional<engine::SnapshotKey>& after,
                                                           size_t rows) {
    std::optional<engine::SnapshotKey> key;
    view_.stream(select_->key_behind(after, rows), nullptr, [&](const TextRow& row) {
        key = select_->bare_key_of(row);
        return true;
    });
    return key;
}

std::string TableReader::statement(const Extent& extent) const {
    if (!own_select_.empty()) return own_select_;
    return extent.in_order ? select_->range(extent.after, extent.to, "", 0) : select_->all();
}

/// Where the user's SELECT has the columns that are wanted.
void TableReader::find_columns(const std::vector<std::string>& names) {
    column_places_.clear();
    const auto& wanted = plan_->selected_columns();
    for (size_t i = 0; i < wanted.size(); ++i) {
        if (own_select_.empty()) {
            column_places_.push_back(static_cast<int>(i));
            continue;
        }
        const auto at =
            std::find_if(names.begin(), names.end(), [&](const auto& name) { return iequals(name, wanted[i]); });
        column_places_.push_back(at == names.end() ? -1 : static_cast<int>(at - names.begin()));
        const auto* column = schema_.table(id_).find(wanted[i]);
        if (at == names.end() && column != nullptr && !column->column.optional)
            throw FatalError(
                format("The SELECT that snapshot.select.statement.overrides gives for table {} leaves out "
                       "column {}, which may not be null",
                       id_.dotted(), wanted[i]));
    }
}

void TableReader::read(const Extent& extent, Row& row, const std::function<bool()>& each) {
    view_.stream(
        statement(extent), [&](const std::vector<std::string>& names) { find_columns(names); },
        [&](const TextRow& text) {
            current_ = text;
            row.row_json.clear();
            row.key_json.clear();
            plan_->append_selected(row.row_json, row.key_json, result_tuple(text, column_places_, tuple_), places_);
            return each();
        });
}

}  // namespace millrace::postgres
