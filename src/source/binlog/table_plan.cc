#include "source/binlog/table_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/base64.h"
#include "base/decimal.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/json_text.h"
#include "base/text.h"
#include "events/envelope.h"
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
    return slot;
}

TablePlan::TablePlan(const relational::Table& table, const relational::Filters& filters,
                     const relational::KeyColumns& keys, const PlanSettings& settings)
    : id_(table.id), topic_(settings.naming.data(table.id)) {
    events::StructBuilder row(settings.schema_names.apply(topic_ + ".Value"), std::nullopt, true);
    std::map<std::string, std::string> fields;
    for (const auto& column : table.columns) {
        Slot slot = make_slot(table, column, filters, settings);
        if (slot.captured) {
            const auto [known, is_new] = fields.emplace(slot.plan.field(), column.name);
            if (!is_new)
                throw FatalError(
                    format("The columns {} and {} of table {} have the same name, {}, with "
                           "field.name.adjustment.mode; leave one out with column.exclude.list",
                           known->second, column.name, id_.dotted(), known->first));
            row.field(slot.plan.field(), slot.plan.schema());
        }
        columns_.push_back(std::move(slot));
    }
    make_key(table, keys, settings);
    for (size_t i = 0; i < columns_.size(); ++i) {
        if (!columns_[i].captured && columns_[i].key_place < 0) continue;
        selected_.push_back(i);
        selected_names_.push_back(table.columns[i].name);
    }
    const auto envelope = events::envelope_schema(settings.schema_names.apply(topic_ + ".Envelope"), row.build(),
                                                  source_schema(settings.identity));
    value_prefix_ = convert::payload_prefix(settings.value_json, *envelope);
    value_suffix_ = convert::payload_suffix(settings.value_json);
}

void TablePlan::make_key(const relational::Table& table, const relational::KeyColumns& keys,
                         const PlanSettings& settings) {
    events::StructBuilder key(settings.schema_names.apply(topic_ + ".Key"), std::nullopt);
    for (const auto& name : keys.of(table)) {
        const auto at = table.position(name);
        if (!at || columns_[*at].key_place >= 0) continue;
        columns_[*at].key_place = static_cast<int>(key_columns_.size());
        key_columns_.push_back(*at);
        key.field(columns_[*at].plan.field(), columns_[*at].plan.key_schema());
    }
    if (const auto field = settings.naming.key_field(table.id)) {
        key.field(field->name, record::Type::String);
        json_text::append_string(key_field_json_, field->name);
        key_field_json_ += ':';
        json_text::append_string(key_field_json_, field->value);
    }
    key_prefix_ = convert::payload_prefix(settings.key_json, *key.build());
    key_suffix_ = convert::payload_suffix(settings.key_json);
}

void TablePlan::append_column(std::string& out, Slot& slot, bool& first, KeyPlaces& places, const ColumnValue& value) {
    if (slot.captured) {
        if (!std::exchange(first, false)) out += ',';
        out += slot.plan.name_json();
        const size_t begin = out.size();
        slot.plan.append(out, value);
        if (slot.key_place < 0) return;
        if (!slot.plan.is_shaped()) {
            places.spans[static_cast<size_t>(slot.key_place)] = {begin, out.size(), false};
            return;
        }
    }
    if (slot.key_place < 0) return;
    const size_t begin = places.hidden.size();
    slot.plan.append_unshaped(places.hidden, value);
    places.spans[static_cast<size_t>(slot.key_place)] = {begin, places.hidden.size(), true};
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
                   id_.dotted(), present_count, count));
    const std::string_view nulls = images.bytes((present_count + 7) / 8);
    places.spans.resize(key_columns_.size());
    places.hidden.clear();
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
                                    id_.dotted(), static_cast<int>(map.columns[i].type)));
        if (slot.plan.form() == Form::Json && map.columns[i].type != WireType::Json)
            value.from_snapshot = true;  // text, not binary
        append_column(out, slot, first, places, value);
    }
    out += '}';
    if (!images.ok()) throw FatalError(format("A row event of table {} is cut short", id_.dotted()));
}

void TablePlan::append_partial_row(std::string& out, const TableMap& map, const Rows& rows, std::string_view before,
                                   ByteCursor& images, KeyPlaces& places) {
    // value_options, then for each JSON column in the after image a bit that says whether it is a diff.
    const size_t count = map.columns.size();
    const uint64_t options = images.length_encoded();
    size_t json_columns = 0;
    for (const auto& column : map.columns) json_columns += column.type == WireType::Json ? 1 : 0;
    const bool has_diffs = (options & 1) != 0;
    const std::string_view diff_bits = has_diffs ? images.bytes((json_columns + 7) / 8) : std::string_view{};
    if (set_bits(rows.columns_before, count) != count)
        throw FatalError(
            format("A partial update of table {} lacks its before image; set binlog_row_image=FULL", id_.dotted()));

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
                                id_.dotted(), present_count, count));
    places.spans.resize(key_columns_.size());
    places.hidden.clear();
    bool first = true;
    size_t json_column = 0;
    out += '{';
    for (size_t i = 0; i < count && i < columns_.size(); ++i) {
        Slot& slot = columns_[i];
        const bool is_json = map.columns[i].type == WireType::Json;
        const bool is_diff = is_json && bit_at(diff_bits, json_column++);
        ColumnValue value;
        if (!bit_at(nulls, i) && !read_wire_value(map.columns[i], slot.plan.is_unsigned(), images, scratch_, value))
            throw FatalError(format("Column {} of table {} has an unknown binlog type", i + 1, id_.dotted()));
        std::string patched;
        if (is_diff && value.kind != ColumnValue::Kind::Null) {
            if (!json_binary::append_patched_text(patched, old_documents[i], value.bytes))
                throw FatalError(format("A partial JSON update of table {} cannot be applied to the document before it",
                                        id_.dotted()));
            value.bytes = patched;
            value.from_snapshot = true;
        }
        append_column(out, slot, first, places, value);
    }
    out += '}';
    if (!images.ok()) throw FatalError(format("A row event of table {} is cut short", id_.dotted()));
}

void TablePlan::append_text_row(std::string& out, char** values, const unsigned long* lengths, KeyPlaces& places) {
    places.spans.resize(key_columns_.size());
    places.hidden.clear();
    bool first = true;
    out += '{';
    for (size_t i = 0; i < selected_.size(); ++i) {
        Slot& slot = columns_[selected_[i]];
        append_column(out, slot, first, places, slot.plan.from_text(values[i], lengths[i]));
    }
    out += '}';
}

std::string TablePlan::header_key(std::string_view key_json) const {
    const auto key = parse_json(key_json);
    if (!key) return std::string(key_json);
    std::string out = "{";
    for (const size_t column : key_columns_) {
        const ColumnPlan& plan = columns_[column].plan;
        if (out.size() > 1) out += ',';
        out += plan.name_json();
        const Json& value = key->at(plan.field());
        if (!value.is_string()) {
            out += value.dump();
        } else if (plan.form() == Form::Decimal || plan.form() == Form::UnsignedDecimal) {
            out += decimal::text_of(base64::decode(value.get_ref<const std::string&>()).value_or(""), plan.scale());
        } else {
            out += '"';
            for (const char c : value.get_ref<const std::string&>()) {
                if (c == '"' || c == '\\') out += '\\';
                out += c;
            }
            out += '"';
        }
    }
    if (!key_field_json_.empty()) {
        if (out.size() > 1) out += ',';
        out += key_field_json_;
    }
    return out + "}";
}

void TablePlan::append_key(std::string& out, const KeyPlaces& places) const {
    out += '{';
    for (size_t i = 0; i < key_columns_.size(); ++i) {
        if (i > 0) out += ',';
        out += columns_[key_columns_[i]].plan.name_json();
        const auto& span = places.spans[i];
        out.append(span.is_hidden ? places.hidden : out, span.begin, span.end - span.begin);
    }
    if (!key_field_json_.empty()) {
        if (!key_columns_.empty()) out += ',';
        out += key_field_json_;
    }
    out += '}';
}

}  // namespace millrace::binlog
