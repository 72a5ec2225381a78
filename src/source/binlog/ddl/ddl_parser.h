#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relational/schema_history_record.h"
#include "source/binlog/ddl/catalog.h"
#include "source/binlog/ddl/lexer.h"

namespace millrace::binlog::ddl {

constexpr uint64_t kModeAnsiQuotes = 4;
constexpr uint64_t kModeNoBackslashEscapes = 1 << 20;

struct DdlContext {
    Server server = Server::MySql;
    std::string default_database;
    uint64_t sql_mode = 0;
    bool keep_comments = false;  ///< Column and table comments become part of the model.
};

/// One schema change event: what goes as one record to the schema history and the schema change topic. DROP and
/// RENAME of several tables give one each, with their text rewritten, as Debezium does.
struct DdlEvent {
    std::string database;
    std::string ddl;
    /// source.table: nothing for statements on databases, "" for those that change no table's structure.
    std::optional<std::string> table_names;
    std::vector<relational::TableChange> changes;
};

struct DdlResult {
    std::vector<DdlEvent> events;              ///< Empty for statements that are passed over.
    std::vector<relational::TableId> touched;  ///< Tables whose structure may differ now.
    std::optional<relational::TableId> truncated;
    bool begins_transaction = false;  ///< CREATE TABLE … START TRANSACTION: rows follow.
    /// The statement concerns a table and could not be understood; `touched` names the table, nothing was applied.
    std::optional<std::string> problem;
};

/// Parses one statement (UTF-8) and applies it to the catalogue. Never throws; hostile text at worst gives a
/// problem. Statements that do not change structure (GRANT, views, routines, triggers, …) are passed over.
DdlResult apply_ddl(Catalog& catalog, std::string_view statement, const DdlContext& context);

/// The order in which Java iterates a HashSet of these table ids; the names joined by commas.
std::string joined_like_java(const std::vector<relational::TableId>& tables);

}  // namespace millrace::binlog::ddl
