#include "source/engine/record_shape.h"

#include <algorithm>
#include <map>

#include "base/base64.h"
#include "base/decimal.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/json_text.h"
#include "base/text.h"
#include "events/envelope.h"

namespace millrace::engine {

RecordShape::RecordShape(relational::TableId id, const ShapeSettings& settings)
    : id_(std::move(id)), topic_(settings.naming.data(id_)) {}

void RecordShape::build(const std::vector<ShapeColumn>& columns, const std::vector<std::string>& key_columns,
                        const record::SchemaPtr& source, const ShapeSettings& settings) {
    events::StructBuilder row(settings.schema_names.apply(topic_ + ".Value"), std::nullopt, true);
    std::map<std::string, std::string> fields;
    for (const auto& column : columns) {
        if (!column.is_captured) continue;
        const auto [known, is_new] = fields.emplace(column.field, column.name);
        if (!is_new)
            throw FatalError(
                format("The columns {} and {} of table {} have the same name, {}, with "
                       "field.name.adjustment.mode; leave one out with column.exclude.list",
                       known->second, column.name, id_.dotted(), known->first));
        row.field(column.field, column.schema);
        row_fields_.push_back({column.name, column.unavailable_json, column.schema->default_json.has_value()});
    }
    build_key(columns, key_columns, settings);
    for (size_t i = 0; i < columns.size(); ++i) {
        if (!columns[i].is_captured && key_place(i) < 0) continue;
        selected_.push_back(i);
        selected_names_.push_back(columns[i].name);
    }
    const auto envelope =
        events::envelope_schema(settings.schema_names.apply(topic_ + ".Envelope"), row.build(), source);
    value_prefix_ = convert::payload_prefix(settings.value_json, *envelope);
    value_suffix_ = convert::payload_suffix(settings.value_json);
}

void RecordShape::build_key(const std::vector<ShapeColumn>& columns, const std::vector<std::string>& key_columns,
                            const ShapeSettings& settings) {
    events::StructBuilder key(settings.schema_names.apply(topic_ + ".Key"), std::nullopt);
    for (const auto& name : key_columns) {
        const auto column =
            std::find_if(columns.begin(), columns.end(), [&](const auto& one) { return iequals(one.name, name); });
        if (column == columns.end()) continue;
        const auto at = static_cast<size_t>(column - columns.begin());
        if (key_place(at) >= 0) continue;
        key_positions_.push_back(at);
        KeyColumn entry{column->name, column->field, {}, column->decimal_scale};
        json_text::append_string(entry.name_json, column->field);
        entry.name_json += ':';
        key_.push_back(std::move(entry));
        key.field(column->field, column->key_schema);
    }
    if (const auto field = settings.naming.key_field(id_)) {
        key.field(field->name, record::Type::String);
        json_text::append_string(key_field_json_, field->name);
        key_field_json_ += ':';
        json_text::append_string(key_field_json_, field->value);
    }
    key_prefix_ = convert::payload_prefix(settings.key_json, *key.build());
    key_suffix_ = convert::payload_suffix(settings.key_json);
}

std::vector<std::string> RecordShape::key_column_names() const {
    std::vector<std::string> names;
    for (const auto& column : key_) names.push_back(column.column);
    return names;
}

int RecordShape::key_place(size_t column) const {
    const auto found = std::find(key_positions_.begin(), key_positions_.end(), column);
    return found == key_positions_.end() ? -1 : static_cast<int>(found - key_positions_.begin());
}

std::string RecordShape::header_key(std::string_view key_json) const {
    const auto key = parse_json(key_json);
    if (!key) return std::string(key_json);
    std::string out = "{";
    for (const auto& column : key_) {
        if (out.size() > 1) out += ',';
        out += column.name_json;
        const Json& value = key->at(column.field);
        if (!value.is_string()) {
            out += value.dump();
        } else if (column.decimal_scale) {
            out += decimal::text_of(base64::decode(value.get_ref<const std::string&>()).value_or(""),
                                    *column.decimal_scale);
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

void RecordShape::append_key(std::string& out, const KeyPlaces& places) const {
    out += '{';
    for (size_t i = 0; i < key_.size(); ++i) {
        if (i > 0) out += ',';
        out += key_[i].name_json;
        const auto& span = places.spans[i];
        out.append(span.is_hidden ? places.hidden : out, span.begin, span.end - span.begin);
    }
    if (!key_field_json_.empty()) {
        if (!key_.empty()) out += ',';
        out += key_field_json_;
    }
    out += '}';
}

}  // namespace millrace::engine
