#pragma once

#include <optional>
#include <string>

#include "source/binlog/ddl/ddl_parser.h"
#include "source/binlog/ddl/token_stream.h"

/// The statements that change tables, each behind its first words.
namespace millrace::binlog::ddl {

/// What one statement's parsing works on.
struct StatementScope {
    Catalog& catalog;
    const DdlContext& context;
    TokenStream& in;
    std::string_view text;  ///< The statement without surrounding blanks and final semicolon.
    DdlResult& result;

    relational::TableId table_name();
    DdlEvent& add_event(const relational::TableId& table, relational::TableChange::Kind kind);
    void add_event_without_table(const std::string& database);
};

void create_table(StatementScope& scope, bool or_replace);
void alter_table(StatementScope& scope);
void drop_table(StatementScope& scope);
void rename_table(StatementScope& scope);
void create_index(StatementScope& scope, bool unique);

/// CHARACTER SET and COLLATE among the options behind a table's or database's definition. True if one was read.
bool accept_default_charset(TokenStream& in, std::optional<std::string>& charset);

}  // namespace millrace::binlog::ddl
