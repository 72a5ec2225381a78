#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::relational {

/// A table's full name within what a connector captures: `database` is what the tables live in there, a database or,
/// where a connector is tied to one database, a schema.
struct TableId {
    std::string database;
    std::string table;

    auto operator<=>(const TableId&) const = default;
    /// "db.table", as filters and logs have it.
    std::string dotted() const { return database + "." + table; }
    /// "\"db\".\"table\"", as schema histories have it.
    std::string quoted() const { return "\"" + database + "\".\"" + table + "\""; }
    /// The reverse of quoted(); nothing if the text has another form.
    static std::optional<TableId> from_quoted(std::string_view text);
};

/// java.sql.Types of the columns that schema histories name.
namespace jdbc {
constexpr int kBit = -7, kTinyInt = -6, kSmallInt = 5, kInteger = 4, kBigInt = -5, kFloat = 6, kReal = 7, kDouble = 8,
              kNumeric = 2, kDecimal = 3, kChar = 1, kVarchar = 12, kNChar = -15, kNVarchar = -9, kBinary = -2,
              kVarBinary = -3, kBlob = 2004, kDate = 91, kTime = 92, kTimestamp = 93, kTimestampWithZone = 2014,
              kBoolean = 16, kOther = 1111;
}

/// A column as the DDL declares it, in the terms of Debezium's schema history.
struct Column {
    std::string name;
    int jdbc_type = jdbc::kOther;
    std::string type_name;               ///< Upper case: "INT UNSIGNED".
    std::optional<std::string> charset;  ///< Of character types.
    std::optional<int> length;
    std::optional<int> scale;
    bool optional = true;
    bool auto_incremented = false;
    std::optional<std::string> comment;
    bool has_default = false;
    std::optional<std::string> default_expression;  ///< As written, without the outer quotes.
    std::vector<std::string> enum_values;           ///< ENUM and SET literals, quotes and escapes as written.

    bool operator==(const Column&) const = default;
};

struct Table {
    TableId id;
    std::vector<Column> columns;
    std::vector<std::string>
        primary_key;               ///< Or the first unique index of NOT NULL columns, if there is no primary key.
    bool has_primary_key = false;  ///< `primary_key` really is one.
    std::optional<std::string> default_charset;
    std::optional<std::string> comment;

    bool operator==(const Table&) const = default;

    /// By name, case-insensitively.
    const Column* find(std::string_view name) const;
    std::optional<size_t> position(std::string_view name) const;
};

/// All tables that are known, by name.
using Tables = std::map<TableId, Table>;

}  // namespace millrace::relational
