#pragma once

#include <optional>
#include <string>

#include "relational/table.h"
#include "source/binlog/ddl/token_stream.h"

namespace millrace::binlog::ddl {

/// A column as CREATE and ALTER TABLE define it: type, attributes, and what the attributes say of the table's key.
struct ColumnDefinition {
    relational::Column column;
    bool is_primary_key = false;
    bool is_unique = false;
};

/// Reads a column's definition behind its name. `default_charset` is that of the table. The stream fails on what
/// it cannot read.
ColumnDefinition parse_column_definition(TokenStream& in, std::string name,
                                         const std::optional<std::string>& default_charset, bool keep_comments);

/// Reads what follows DEFAULT, for a column definition or ALTER COLUMN … SET DEFAULT.
void parse_default(TokenStream& in, relational::Column& column);

/// Sets has_default of columns that declare none: a nullable column's default is NULL.
void settle_default(relational::Column& column, bool declared);

/// Is this one of the types whose values are text in a character set?
bool is_character_type(const std::string& type_name);

}  // namespace millrace::binlog::ddl
