#pragma once

#include <optional>
#include <string>
#include <vector>

#include "relational/table.h"
#include "source/binlog/ddl/column_definition.h"
#include "source/binlog/ddl/token_stream.h"

namespace millrace::binlog::ddl {

/// A table under construction by CREATE or ALTER TABLE.
class TableEditor {
  public:
    TableEditor(relational::Table table, bool keep_comments)
        : table_(std::move(table)), keep_comments_(keep_comments) {}

    relational::Table& table() { return table_; }

    /// FIRST, AFTER name, or nowhere in particular.
    struct Place {
        bool first = false;
        std::optional<std::string> after;
    };
    static Place parse_place(TokenStream& in);

    void add_column(ColumnDefinition definition, const Place& place);
    /// MODIFY and CHANGE: the column keeps its place unless one is given. The stream fails if there is no such column.
    void replace_column(TokenStream& in, const std::string& old_name, ColumnDefinition definition, const Place& place);
    void drop_column(const std::string& name);
    void rename_column(const std::string& from, const std::string& to);
    void set_primary_key(std::vector<std::string> columns);
    void drop_primary_key();
    /// The first unique index of NOT NULL columns stands in for a missing primary key.
    void add_unique_key(const std::vector<std::string>& columns);

    /// A column's definition behind its name.
    ColumnDefinition read_column(TokenStream& in, std::string name) const;
    /// An index, constraint or period instead of a column; false if a column comes.
    bool accept_constraint(TokenStream& in);
    /// Unique keys wait until all columns are known.
    void settle_keys();
    void convert_charset(const std::string& charset);

  private:
    void place_column(relational::Column column, const Place& place, std::optional<size_t> fallback);
    void settle_key_column(relational::Column& column) const;

    relational::Table table_;
    bool keep_comments_;
    std::vector<std::vector<std::string>> unique_keys_;
};

/// (a, b(10) DESC, …): the names, or none if one of the parts is an expression.
std::vector<std::string> parse_key_parts(TokenStream& in);

}  // namespace millrace::binlog::ddl
