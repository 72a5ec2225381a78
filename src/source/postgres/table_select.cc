#include "source/postgres/table_select.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "base/iso_text.h"
#include "base/text.h"

namespace millrace::postgres {
namespace {

using engine::SnapshotKey;
using java_serialization::Value;
using Kind = Value::Kind;

/// "2024-02-29 01:02:03.500000", `ms` since 1970.
std::string date_time_text(int64_t ms, int32_t nanos) {
    const int64_t seconds = ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
    std::string text;
    iso_text::append_instant(text, seconds * 1'000'000 + nanos / 1000, 6);
    text = text.substr(1, text.size() - 3);  // without quotes and zone
    return replace_all(text, "T", " ");
}

/// A literal without a type: the server gives it that of the column it stands beside.
std::string literal(const Value& value) {
    switch (value.kind) {
        case Kind::Null:
            return "NULL";
        case Kind::Integer:
        case Kind::Long:
        case Kind::Short:
            return quote_text(std::to_string(value.integer));
        case Kind::Boolean:
            return value.integer != 0 ? "'t'" : "'f'";
        case Kind::Float:
        case Kind::Double:
            if (std::isnan(value.number)) return "'NaN'";
            if (std::isinf(value.number)) return value.number > 0 ? "'Infinity'" : "'-Infinity'";
            return quote_text(format("{}", value.number));
        case Kind::Bytes:
            return quote_text("\\x" + hex(value.text));
        // An offset of Debezium's has these; ours have the text of the server.
        case Kind::Date:
            return quote_text(date_time_text(value.integer, 0).substr(0, 10));
        case Kind::Time:
            return quote_text(
                date_time_text(value.integer, static_cast<int32_t>(value.integer % 1000) * 1'000'000).substr(11));
        case Kind::Timestamp:
            return quote_text(date_time_text(value.integer, value.nanos));
        case Kind::String:
        case Kind::BigDecimal:
        case Kind::BigInteger:
            break;
    }
    return quote_text(value.text);
}

/// The key's value as Debezium's offsets and notifications have it: numbers are numbers, all else is text.
Value value_of(uint32_t type, const char* text, int length) {
    constexpr uint32_t kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kNumeric = 1700;
    Value value;
    if (text == nullptr) return value;
    const std::string_view body(text, static_cast<size_t>(length));
    if (type == kInt2 || type == kInt4 || type == kInt8) {
        value.kind = type == kInt8 ? Kind::Long : Kind::Integer;
        value.integer = parse_int(body).value_or(0);
    } else if (type == kBool) {
        value.kind = Kind::Boolean;
        value.integer = body == "t" ? 1 : 0;
    } else {
        const bool is_number = type == kNumeric && body.find_first_not_of("-0123456789.") == std::string_view::npos;
        value.kind = is_number ? Kind::BigDecimal : Kind::String;
        value.text = body;
    }
    return value;
}

}  // namespace

TableSelect::TableSelect(const PgTable& table, const TablePlan& plan, const std::vector<std::string>& key_columns)
    : table_(quote_table(table.id.database, table.id.table)) {
    std::vector<std::string> selected = plan.selected_columns();
    for (const auto& name : key_columns) {
        const PgTable::Column* column = table.find(name);
        if (column == nullptr)
            throw FatalError(format("Table {} has no column {} to read it by", table.id.dotted(), name));
        const auto at = std::find(selected.begin(), selected.end(), name);
        const auto place = static_cast<size_t>(at - selected.begin());
        if (at == selected.end()) selected.push_back(name);
        key_.push_back({quote_name(name), column->type, column->column.optional, place});
        has_nulls_ |= column->column.optional;
    }
    for (auto& name : selected) name = quote_name(name);
    columns_ = join(selected, ", ");
}

/// (a, b) > ('1', '2'): an index on the key serves it.
std::string TableSelect::compared(const char* comparison, const SnapshotKey& key) const {
    std::vector<std::string> names, values;
    for (size_t i = 0; i < key_.size() && i < key.size(); ++i) {
        names.push_back(key_[i].name);
        values.push_back(literal(key[i]));
    }
    return format("({}) {} ({})", join(names, ", "), comparison, join(values, ", "));
}

/// NULL stands behind everything.
std::string TableSelect::behind(const SnapshotKey& key) const {
    if (!has_nulls_) return compared(">", key);
    std::vector<std::string> cases{"FALSE"};
    std::string equal_so_far;
    for (size_t i = 0; i < key_.size() && i < key.size(); ++i) {
        const std::string& name = key_[i].name;
        const bool is_null = key[i].kind == Kind::Null;
        const std::string value = literal(key[i]);
        if (!is_null) cases.push_back(format("{}({} > {} OR {} IS NULL)", equal_so_far, name, value, name));
        equal_so_far += format("{} {} AND ", name, is_null ? "IS NULL" : "= " + value);
    }
    return join(cases, " OR ");
}

std::string TableSelect::up_to(const SnapshotKey& key) const {
    return has_nulls_ ? "NOT coalesce(" + behind(key) + ", FALSE)" : compared("<=", key);
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

std::string TableSelect::range(const std::optional<SnapshotKey>& after, const std::optional<SnapshotKey>& to,
                               const std::string& condition, size_t limit) const {
    std::string sql = all();
    sql += where({after ? behind(*after) : std::string(), to ? up_to(*to) : std::string(), condition});
    sql += order("");
    if (limit > 0) sql += format(" LIMIT {}", limit);
    return sql;
}

std::string TableSelect::equal(const SnapshotKey& key, const std::string& condition) const {
    std::vector<std::string> conditions{condition};
    for (size_t i = 0; i < key_.size() && i < key.size(); ++i)
        conditions.push_back(key_[i].name + (key[i].kind == Kind::Null ? " IS NULL" : " = " + literal(key[i])));
    return all() + where(conditions);
}

std::string TableSelect::key_names() const {
    std::vector<std::string> names;
    for (const auto& column : key_) names.push_back(column.name);
    return join(names, ", ");
}

std::string TableSelect::key_behind(const std::optional<SnapshotKey>& after, size_t rows) const {
    return "SELECT " + key_names() + " FROM " + table_ + where({after ? behind(*after) : std::string()}) + order("") +
           format(" LIMIT 1 OFFSET {}", rows - 1);
}

std::string TableSelect::last_key(const std::string& condition) const {
    return "SELECT " + key_names() + " FROM " + table_ + where({condition}) + order(" DESC") + " LIMIT 1";
}

SnapshotKey TableSelect::key_of(const TextRow& row) const {
    SnapshotKey key;
    for (const auto& column : key_)
        key.push_back(value_of(column.type, row.values[column.place], row.lengths[column.place]));
    return key;
}

SnapshotKey TableSelect::bare_key_of(const TextRow& row) const {
    SnapshotKey key;
    for (size_t i = 0; i < key_.size(); ++i) key.push_back(value_of(key_[i].type, row.values[i], row.lengths[i]));
    return key;
}

}  // namespace millrace::postgres
