#include "source/postgres/table_plan.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"
#include "source/postgres/source_info.h"

namespace millrace::postgres {

TablePlan::TablePlan(const PgTable& table, PgTypes& types, const relational::Filters& filters,
                     const relational::KeyColumns& keys, const PlanSettings& settings)
    : RecordShape(table.id, settings) {
    std::vector<engine::ShapeColumn> columns;
    for (const auto& column : table.columns) {
        auto form = form_of(types, column.type, column.modifier, settings.modes);
        if (!form) {
            slots_.emplace_back(std::nullopt);
            continue;
        }
        ColumnPlan plan(table, column, types.root(column.type, column.modifier).type, std::move(*form), settings,
                        settings.modes, settings.shaping.find(table.id, column.column));
        if (!settings.value_json.replace_null_with_default) plan.keep_nulls();
        const bool is_captured = filters.captures_column(table.id, column.column.name);
        columns.push_back({column.column.name, plan.field(), plan.schema(), plan.key_schema(), is_captured,
                           plan.decimal_scale(), plan.unavailable_json()});
        planned_.push_back(slots_.size());
        slots_.emplace_back(engine::PlanSlot<ColumnPlan>{std::move(plan), is_captured, -1});
    }
    build(columns, keys.of(table.as_relational()), source_schema(settings.identity), settings);
    for (size_t i = 0; i < planned_.size(); ++i) slots_[planned_[i]]->key_place = key_place(i);
}

void TablePlan::append_row(std::string& out, const Tuple& row, const Tuple* old_row, engine::KeyPlaces& places) {
    if (row.size() != slots_.size())
        throw FatalError(format("A row of table {} has {} columns in the log, and {} in what the log says of the table",
                                id().dotted(), row.size(), slots_.size()));
    begin_row(places);
    bool is_first = true;
    out += '{';
    for (const size_t i : planned_) {
        const TupleValue* value = &row[i];
        if (value->state == TupleValue::State::Unchanged && old_row != nullptr && i < old_row->size() &&
            (*old_row)[i].state == TupleValue::State::Text)
            value = &(*old_row)[i];
        slots_[i]->append(out, is_first, places, *value);
    }
    out += '}';
}

void TablePlan::append_selected(std::string& row_json, std::string& key_json, const Tuple& row,
                                engine::KeyPlaces& places) {
    begin_row(places);
    bool is_first = true;
    row_json += '{';
    for (size_t i = 0; i < selected().size() && i < row.size(); ++i)
        slots_[planned_[selected()[i]]]->append(row_json, is_first, places, row[i]);
    row_json += '}';
    if (!has_key()) return;
    const size_t end = row_json.size();
    append_key(row_json, places);
    key_json.append(row_json, end);
    row_json.resize(end);
}

const Tuple& result_tuple(const TextRow& row, const std::vector<int>& columns, Tuple& tuple) {
    tuple.assign(columns.size(), {});
    for (size_t i = 0; i < columns.size(); ++i) {
        TupleValue& value = tuple[i];
        value.is_snapshot = true;
        const int place = columns[i];
        if (place < 0 || row.values[place] == nullptr) continue;
        value.state = TupleValue::State::Text;
        value.text = {row.values[place], static_cast<size_t>(row.lengths[place])};
    }
    return tuple;
}

}  // namespace millrace::postgres
