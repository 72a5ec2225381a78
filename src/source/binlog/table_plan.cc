#include "source/binlog/table_plan.h"

#include "base/errors.h"
#include "base/text.h"
#include "source/binlog/json_binary.h"

namespace millrace::binlog {
namespace {

size_t set_bits(std::string_view bitmap, size_t count) {
    size_t bits = 0;
    for (size_t i = 0; i < count; ++i) bits += bit_at(bitmap, i) ? 1 : 0;
    return bits;
}

}  // namespace

TablePlan::Slot TablePlan::make_slot(const relational::Table& table, const relational::Column& column,
                                     const relational::Filters& filters, const PlanSettings& settings) const {
    ColumnTreatment treatment{settings.field_names.apply(column.name), settings.shaping.find(table.id, column),
                              settings.converters.find(table.id, column)};
    Slot slot{ColumnPlan(table, column, settings.modes, std::move(treatment)),
              filters.captures_column(table.id, column.name), -1};
    if (!settings.value_json.replace_null_with_default) slot.plan.keep_nulls();
    slot.plan.set_decimals({settings.value_json.decimals_are_numbers, settings.key_json.decimals_are_numbers});
    return slot;
}

TablePlan::TablePlan(const relational::Table& table, const relational::Filters& filters,
                     const relational::KeyColumns& keys, const PlanSettings& settings)
    : RecordShape(table.id, settings) {
    std::vector<engine::ShapeColumn> columns;
    for (const auto& column : table.columns) {
        Slot slot = make_slot(table, column, filters, settings);
        const bool is_decimal = slot.plan.form() == Form::Decimal || slot.plan.form() == Form::UnsignedDecimal;
        columns.push_back({column.name, slot.plan.field(), slot.plan.schema(), slot.plan.key_schema(), slot.captured,
                           is_decimal ? std::optional(slot.plan.scale()) : std::nullopt, slot.plan.unavailable_json()});
        columns_.push_back(std::move(slot));
    }
    build(columns, keys.of(table), source_schema(settings.identity), settings);
    for (size_t i = 0; i < columns_.size(); ++i) columns_[i].key_place = key_place(i);
}

void TablePlan::append_row(std::string& out, const TableMap& map, std::string_view present, ByteCursor& images,
                           KeyPlaces& places) {
    const size_t count = map.columns.size();
    const size_t present_count = set_bits(present, count);
    if (present_count != count)
        throw FatalError(
            format("A row image of table {} holds {} of {} columns; set binlog_row_image=FULL on the server and in the "
                   "session that "
                   "writes",
                   id().dotted(), present_count, count));
    const std::string_view nulls = images.bytes((present_count + 7) / 8);
    begin_row(places);
    bool first = true;
    out += '{';
    for (size_t i = 0; i < count; ++i) {
        ColumnValue value;
        if (i >= columns_.size()) {  // MariaDB's versioning columns
            if (!bit_at(nulls, i)) read_wire_value(map.columns[i], false, images, scratch_, value);
            continue;
        }
        Slot& slot = columns_[i];
        if (!bit_at(nulls, i) && !read_wire_value(map.columns[i], slot.plan.is_unsigned(), images, scratch_, value))
            throw FatalError(format("Column {} of table {} has the binlog type {}, which Millrace does not know", i + 1,
                                    id().dotted(), static_cast<int>(map.columns[i].type)));
        if (slot.plan.form() == Form::Json && map.columns[i].type != WireType::Json)
            value.from_snapshot = true;  // text, not binary
        slot.append(out, first, places, value);
    }
    out += '}';
    if (!images.ok()) throw FatalError(format("A row event of table {} is cut short", id().dotted()));
}

std::string_view TablePlan::read_diff_bits(const TableMap& map, ByteCursor& images) {
    // value_options, then for each JSON column in the after image a bit that says whether it is a diff.
    const uint64_t options = images.length_encoded();
    size_t json_columns = 0;
    for (const auto& column : map.columns) json_columns += column.type == WireType::Json ? 1 : 0;
    const bool has_diffs = (options & 1) != 0;
    return has_diffs ? images.bytes((json_columns + 7) / 8) : std::string_view{};
}

void TablePlan::append_partial_row(std::string& out, const TableMap& map, const Rows& rows, std::string_view before,
                                   ByteCursor& images, KeyPlaces& places) {
    const size_t count = map.columns.size();
    const std::string_view diff_bits = read_diff_bits(map, images);
    if (set_bits(rows.columns_before, count) != count)
        throw FatalError(
            format("A partial update of table {} lacks its before image; set binlog_row_image=FULL", id().dotted()));

    std::vector<std::string> old_documents(count);
    ByteCursor old_image(before);
    const std::string_view old_nulls = old_image.bytes((count + 7) / 8);
    for (size_t i = 0; i < count; ++i) {
        ColumnValue value;
        if (!bit_at(old_nulls, i)) read_wire_value(map.columns[i], false, old_image, scratch_, value);
        if (map.columns[i].type == WireType::Json) old_documents[i] = value.bytes;
    }

    const size_t present_count = set_bits(rows.columns_after, count);
    const std::string_view nulls = images.bytes((present_count + 7) / 8);
    if (present_count != count)
        throw FatalError(format("A row image of table {} holds {} of {} columns; set binlog_row_image=FULL",
                                id().dotted(), present_count, count));
    begin_row(places);
    bool first = true;
    size_t json_column = 0;
    out += '{';
    for (size_t i = 0; i < count && i < columns_.size(); ++i) {
        Slot& slot = columns_[i];
        const bool is_json = map.columns[i].type == WireType::Json;
        const bool is_diff = is_json && bit_at(diff_bits, json_column++);
        ColumnValue value;
        if (!bit_at(nulls, i) && !read_wire_value(map.columns[i], slot.plan.is_unsigned(), images, scratch_, value))
            throw FatalError(format("Column {} of table {} has an unknown binlog type", i + 1, id().dotted()));
        std::string patched;
        if (is_diff && value.kind != ColumnValue::Kind::Null) {
            if (!json_binary::append_patched_text(patched, old_documents[i], value.bytes))
                throw FatalError(format("A partial JSON update of table {} cannot be applied to the document before it",
                                        id().dotted()));
            value.bytes = patched;
            value.from_snapshot = true;
        }
        slot.append(out, first, places, value);
    }
    out += '}';
    if (!images.ok()) throw FatalError(format("A row event of table {} is cut short", id().dotted()));
}

std::optional<std::string> TablePlan::condition_on(size_t column, const TableMap& map, std::string_view present,
                                                   std::string_view image) {
    if (column >= columns_.size() || column >= map.columns.size() || !bit_at(present, column)) return std::nullopt;
    ByteCursor cursor(image);
    const std::string_view nulls = cursor.bytes((set_bits(present, map.columns.size()) + 7) / 8);
    size_t at = 0;  // among the columns that are there
    ColumnValue value;
    for (size_t i = 0; i <= column; ++i) {
        if (!bit_at(present, i)) continue;
        value = {};
        if (!bit_at(nulls, at++) &&
            !read_wire_value(map.columns[i], columns_[i].plan.is_unsigned(), cursor, scratch_, value))
            return std::nullopt;
    }
    if (!cursor.ok()) return std::nullopt;
    return columns_[column].plan.condition(value);
}

void TablePlan::append_text_row(std::string& out, char** values, const unsigned long* lengths, KeyPlaces& places) {
    begin_row(places);
    bool first = true;
    out += '{';
    for (size_t i = 0; i < selected().size(); ++i) {
        Slot& slot = columns_[selected()[i]];
        slot.append(out, first, places, slot.plan.from_text(values[i], lengths[i]));
    }
    out += '}';
}

}  // namespace millrace::binlog
