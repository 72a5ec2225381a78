#include "source/postgres/table_reader.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::postgres {

void TableReader::open(const relational::TableId& table, const std::string& select) {
    id_ = table;
    own_select_ = select;
    plan_ = schema_.make_plan(table);  // its own: other threads read other tables
}

int64_t TableReader::estimated_rows() {
    const auto rows = view_.value(
        format("SELECT c.reltuples::bigint FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
               "c.relnamespace WHERE n.nspname = {} AND c.relname = {}",
               quote_text(id_.database), quote_text(id_.table)));
    return rows ? parse_int(*rows).value_or(0) : 0;
}

std::optional<engine::SnapshotKey> TableReader::key_behind(const std::optional<engine::SnapshotKey>&, size_t) {
    return std::nullopt;
}

std::string TableReader::statement(const Extent&) const {
    if (!own_select_.empty()) return own_select_;
    std::vector<std::string> columns;
    for (const auto& name : plan_->selected_columns()) columns.push_back(quote_name(name));
    return "SELECT " + join(columns, ", ") + " FROM " + quote_table(id_.database, id_.table);
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
            row.row_json.clear();
            row.key_json.clear();
            plan_->append_selected(row.row_json, row.key_json, result_tuple(text, column_places_, tuple_), places_);
            return each();
        });
}

}  // namespace millrace::postgres
