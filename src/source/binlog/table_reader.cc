#include "source/binlog/table_reader.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::binlog {

void TableReader::open(const relational::TableId& table, const std::string& select) {
    id_ = table;
    own_select_ = select;
    plan_ = schema_.make_plan(table);  // its own: other threads read other ranges of the table
    const auto& structure = schema_.catalog().tables.at(table);
    select_ = std::make_unique<TableSelect>(structure, *plan_, structure.primary_key);
}

int64_t TableReader::estimated_rows() {
    const auto estimate = view_.rows(
        format("SELECT table_rows FROM information_schema.tables WHERE table_schema = {} AND table_name = {}",
               quote_text(id_.database), quote_text(id_.table)));
    return estimate.empty() ? 0 : parse_int(estimate[0][0].value_or("")).value_or(0);
}

std::optional<engine::SnapshotKey> TableReader::key_behind(const std::optional<engine::SnapshotKey>& after,
                                                           size_t rows) {
    std::optional<engine::SnapshotKey> key;
    view_.stream(select_->key_behind(after, rows), [&](const TextRow& row) {
        key = select_->bare_key_of(row);
        return true;
    });
    return key;
}

std::string TableReader::statement(const Extent& extent) const {
    if (!own_select_.empty()) return own_select_;
    return extent.in_order ? select_->range(extent.after, extent.to) : select_->all();
}

/// Where the user's SELECT has the columns that are wanted.
void TableReader::find_columns(const std::vector<std::string>& names) {
    column_places_.clear();
    if (own_select_.empty()) return;
    for (const auto& wanted : plan_->selected_columns()) {
        const auto at =
            std::find_if(names.begin(), names.end(), [&](const auto& name) { return iequals(name, wanted); });
        column_places_.push_back(at == names.end() ? -1 : static_cast<int>(at - names.begin()));
        const auto* column = schema_.catalog().tables.at(id_).find(wanted);
        if (at == names.end() && column != nullptr && !column->optional)
            throw FatalError(
                format("The SELECT that snapshot.select.statement.overrides gives for table {} leaves out "
                       "column {}, which may not be null",
                       id_.dotted(), wanted));
    }
    values_.resize(column_places_.size());
    lengths_.resize(column_places_.size());
}

void TableReader::append_row(Row& row) {
    char** values = current_.values;
    const unsigned long* lengths = current_.lengths;
    if (!own_select_.empty()) {
        for (size_t i = 0; i < column_places_.size(); ++i) {
            values_[i] = column_places_[i] < 0 ? nullptr : current_.values[column_places_[i]];
            lengths_[i] = column_places_[i] < 0 ? 0 : current_.lengths[column_places_[i]];
        }
        values = values_.data();
        lengths = lengths_.data();
    }
    row.row_json.clear();
    row.key_json.clear();
    plan_->append_text_row(row.row_json, values, lengths, places_);
    if (!plan_->has_key()) return;
    const size_t end = row.row_json.size();
    plan_->append_key(row.row_json, places_);
    row.key_json.assign(row.row_json, end);
    row.row_json.resize(end);
}

void TableReader::read(const Extent& extent, Row& row, const std::function<bool()>& each) {
    if (savepoints_) view_.execute("SAVEPOINT millrace");
    bool is_whole = true;
    view_.stream(
        statement(extent), [&](const std::vector<std::string>& names) { find_columns(names); },
        [&](const TextRow& text) {
            current_ = text;
            append_row(row);
            is_whole = each();
            return is_whole;
        });
    if (is_whole && savepoints_) view_.execute("ROLLBACK TO SAVEPOINT millrace");  // ALTER TABLE on it may pass
}

}  // namespace millrace::binlog
