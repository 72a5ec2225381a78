#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "config/settings.h"
#include "relational/table.h"

namespace millrace::relational {

/// A comma-separated list of regular expressions (a comma within one is written "\\,"), each matched against the whole
/// name, case-insensitively.
class NamePatterns {
  public:
    NamePatterns() = default;
    /// Throws ConfigError naming `property` if an expression is malformed.
    NamePatterns(const std::string& property, std::string_view list);

    bool empty() const { return patterns_.empty(); }
    bool match(const std::string& name) const;
    /// The position of the first expression that matches, or nothing.
    std::optional<size_t> first_match(const std::string& name) const;

  private:
    std::vector<Regex> patterns_;
};

/// What tables live in, where a connector's table names have two parts.
struct Namespaces {
    std::string_view word = "database";  ///< As in WORD.include.list: "database" or "schema".
    bool (*is_builtin)(std::string_view name) = [](std::string_view) { return false; };  ///< The server's own.
    /// Tables of the server's, or an extension's, among the user's.
    bool (*is_builtin_table)(std::string_view table) = [](std::string_view) { return false; };
};

/// Which namespaces, tables and columns are captured: database.* or schema.*, table.* and column.include.list and
/// exclude.list, table.ignore.builtin. The signal table (signal.data.collection) is captured in any case.
class Filters {
  public:
    Filters(const config::Settings& settings, const Namespaces& namespaces);

    bool captures_namespace(const std::string& name) const;
    bool captures(const TableId& table) const;
    const std::optional<TableId>& signal_table() const { return signal_table_; }
    bool is_signal_table(const TableId& table) const { return signal_table_ && *signal_table_ == table; }
    bool ignores_builtin() const { return ignores_builtin_; }
    bool captures_column(const TableId& table, const std::string& column) const;
    /// Tables in the order in which a snapshot reads them: that of table.include.list's expressions, within one
    /// by name.
    void sort_for_snapshot(std::vector<TableId>& tables) const;

  private:
    Namespaces namespaces_;
    NamePatterns space_include_, space_exclude_, table_include_, table_exclude_, column_include_, column_exclude_;
    std::optional<TableId> signal_table_;
    bool ignores_builtin_ = true;
};

/// message.key.columns: `<table expression>:<column expression>,<column expression>;…`.
class KeyColumns {
  public:
    /// Throws ConfigError.
    explicit KeyColumns(const config::Settings& settings);
    /// The columns that make up the key of this table's records, in order: those that an expression matches, else
    /// the primary key.
    std::vector<std::string> of(const Table& table) const;

  private:
    std::vector<NamePatterns> entries_;  ///< Each of one column, matched against DATABASE.TABLE.COLUMN.
};

}  // namespace millrace::relational
