#include "source/binlog/table_select.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/text.h"
#include "source/binlog/charset.h"
#include "source/binlog/temporal_text.h"

namespace millrace::binlog {
namespace {

using java_serialization::Value;
using Kind = Value::Kind;

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> names) {
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
        return type.starts_with(name) && (type.size() == name.size() || type[name.size()] == ' ');
    });
}

/// "2024-02-29 01:02:03.5" and ms since 1970, as if it were UTC.
int64_t ms_of(std::string_view text, int32_t& nanos) {
    const ColumnValue at = temporal_text::date_time_from(text);
    nanos = static_cast<int32_t>(at.micros) * 1000;
    const int64_t micros = temporal_text::micros_of(at);
    return micros / 1000 - (micros % 1000 < 0 ? 1 : 0);
}

std::string date_time_text(int64_t ms, int32_t nanos) {
    const int64_t seconds = ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
    std::string text;
    iso_text::append_instant(text, seconds * 1'000'000 + nanos / 1000, 6);
    text = text.substr(1, 26);  // without quotes and zone
    text[10] = ' ';
    return text;
}

std::string plain_text(const Value& value) {
    switch (value.kind) {
        case Kind::Null:
            return "<null>";
        case Kind::Float:
        case Kind::Double:
            return format("{}", value.number);
        case Kind::String:
        case Kind::Bytes:
        case Kind::BigDecimal:
        case Kind::BigInteger:
            return value.text;
        case Kind::Timestamp:
            return date_time_text(value.integer, value.nanos);
        case Kind::Date:
            return date_time_text(value.integer, 0).substr(0, 10);
        case Kind::Time:
            return date_time_text(value.integer, static_cast<int32_t>(value.integer % 1000) * 1'000'000).substr(11);
        default:
            return std::to_string(value.integer);
    }
}

}  // namespace

std::string text_of(const SelectKey& key) {
    std::vector<std::string> parts;
    for (const auto& value : key) parts.push_back(plain_text(value));
    return join(parts, ",");
}

TableSelect::TableSelect(const relational::Table& table, const TablePlan& plan, std::vector<std::string> key_columns)
    : table_(quote_table(table.id.database, table.id.table)) {
    std::vector<std::string> selected = plan.selected_columns();
    for (const auto& name : key_columns) {
        const relational::Column* column = table.find(name);
        if (column == nullptr)
            throw FatalError(format("Table {} has no column {} to read it by", table.id.dotted(), name));
        KeyColumn key{quote_name(column->name), upper(column->type_name), column->optional, false, 0};
        const std::string charset = column->charset.value_or("");
        key.is_binary = is_one_of(key.type, {"BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "BIT",
                                             "CHAR BYTE"}) ||
                        canonical_charset(charset) == "binary";
        const auto at = std::find(selected.begin(), selected.end(), column->name);
        key.place = static_cast<size_t>(at - selected.begin());
        if (at == selected.end()) selected.push_back(column->name);
        can_resume_ &= !is_one_of(key.type, {"FLOAT", "FLOAT4", "ENUM", "SET", "JSON"});
        key_.push_back(std::move(key));
    }
    for (auto& name : selected) name = quote_name(name);
    columns_ = selected.empty() ? "1" : join(selected, ", ");
}

Value TableSelect::value_of(const KeyColumn& column, const char* text, size_t length) const {
    Value value;
    if (text == nullptr) return value;
    const std::string_view body(text, length);
    if (column.is_binary) {
        value.kind = Kind::Bytes;
        value.text = body;
    } else if (is_one_of(column.type, {"TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "INT1", "INT2", "INT3",
                                       "INT4", "MIDDLEINT", "YEAR", "BOOL", "BOOLEAN"})) {
        value.integer = parse_int(body).value_or(0);
        value.kind = value.integer > INT32_MAX ? Kind::Long : Kind::Integer;
    } else if (is_one_of(column.type, {"BIGINT", "INT8", "SERIAL"})) {
        const auto number = parse_int(body);
        value.kind = number ? Kind::Long : Kind::BigDecimal;  // beyond 2^63
        value.integer = number.value_or(0);
        if (!number) value.text = body;
    } else if (is_one_of(column.type, {"DECIMAL", "NUMERIC", "DEC", "FIXED"})) {
        value.kind = Kind::BigDecimal;
        value.text = body;
    } else if (is_one_of(column.type, {"DATETIME", "TIMESTAMP"})) {
        value.kind = Kind::Timestamp;
        value.integer = ms_of(body, value.nanos);
        if (plain_text(value).substr(0, body.size()) != body) value = {Kind::String, 0, 0, 0, std::string(body)};
    } else {
        value.kind = Kind::String;
        value.text = body;
    }
    return value;
}

std::string TableSelect::literal(const KeyColumn& column, const Value& value) const {
    switch (value.kind) {
        case Kind::Null:
            return "NULL";
        case Kind::Integer:
        case Kind::Long:
        case Kind::Short:
        case Kind::Boolean:
            return std::to_string(value.integer);
        case Kind::BigDecimal:
        case Kind::BigInteger:
            return value.text;
        case Kind::Bytes:
            return value.text.empty() ? "''" : "0x" + hex(value.text);
        default:
            break;
    }
    if (column.is_binary) return value.text.empty() ? "''" : "0x" + hex(value.text);
    return quote_text(plain_text(value));
}

/// The condition for rows behind `key`: (a > 1) OR (a = 1 AND b > 2). NULL stands before everything.
std::string TableSelect::behind(const SelectKey& key) const {
    std::vector<std::string> cases;
    std::string equal_so_far;
    for (size_t i = 0; i < key_.size() && i < key.size(); ++i) {
        const std::string& name = key_[i].name;
        const bool is_null = key[i].kind == Kind::Null;
        const std::string value = literal(key_[i], key[i]);
        cases.push_back("(" + equal_so_far + name + (is_null ? " IS NOT NULL" : " > " + value) + ")");
        equal_so_far += name + (is_null ? " IS NULL" : " = " + value) + " AND ";
    }
    return "(" + join(cases, " OR ") + ")";
}

std::string TableSelect::order(const char* direction) const {
    std::vector<std::string> parts;
    for (const auto& column : key_) parts.push_back(column.name + direction);
    return " ORDER BY " + join(parts, ", ");
}

std::string TableSelect::where(const std::vector<std::string>& conditions) const {
    std::vector<std::string> kept;
    for (const auto& condition : conditions)
        if (!condition.empty()) kept.push_back("(" + condition + ")");
    return kept.empty() ? std::string() : " WHERE " + join(kept, " AND ");
}

std::string TableSelect::all() const {
    return "SELECT " + columns_ + " FROM " + table_;
}

std::string TableSelect::range(const std::optional<SelectKey>& after, const std::optional<SelectKey>& to,
                               const std::string& condition, size_t limit) const {
    const bool has_nulls = std::any_of(key_.begin(), key_.end(), [](const auto& column) { return column.is_optional; });
    std::string up_to;  // the lower bound of what comes next, turned round
    if (to) up_to = has_nulls ? "NOT COALESCE(" + behind(*to) + ", FALSE)" : "NOT " + behind(*to);
    std::string sql = all() + where({after ? behind(*after) : std::string(), up_to, condition});
    sql += order();
    if (limit > 0) sql += format(" LIMIT {}", limit);
    return sql;
}

std::string TableSelect::equal(const SelectKey& key, const std::string& condition) const {
    std::vector<std::string> conditions{condition};
    for (size_t i = 0; i < key_.size(); ++i)
        conditions.push_back(key_[i].name +
                             (key[i].kind == Kind::Null ? " IS NULL" : " = " + literal(key_[i], key[i])));
    return all() + where(conditions);
}

std::string TableSelect::last_key(const std::string& condition) const {
    std::vector<std::string> names;
    for (const auto& column : key_) names.push_back(column.name);
    return "SELECT " + join(names, ", ") + " FROM " + table_ + where({condition}) + order(" DESC") + " LIMIT 1";
}

std::string TableSelect::key_behind(const std::optional<SelectKey>& after, size_t rows) const {
    std::vector<std::string> names;
    for (const auto& column : key_) names.push_back(column.name);
    return "SELECT " + join(names, ", ") + " FROM " + table_ + where({after ? behind(*after) : std::string()}) +
           order() + format(" LIMIT 1 OFFSET {}", rows - 1);
}

SelectKey TableSelect::key_of(const TextRow& row) const {
    SelectKey key;
    for (const auto& column : key_) {
        const auto at = static_cast<unsigned>(column.place);
        key.push_back(value_of(column, row.values[at], row.lengths[at]));
    }
    return key;
}

SelectKey TableSelect::bare_key_of(const TextRow& row) const {
    SelectKey key;
    for (unsigned i = 0; i < key_.size(); ++i) key.push_back(value_of(key_[i], row.values[i], row.lengths[i]));
    return key;
}

}  // namespace millrace::binlog
