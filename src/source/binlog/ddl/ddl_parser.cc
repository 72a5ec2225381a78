#include "source/binlog/ddl/ddl_parser.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "source/binlog/ddl/table_statements.h"

namespace millrace::binlog::ddl {
namespace {

std::string_view without_end(std::string_view text) {
    text = trimmed(text);
    while (!text.empty() && text.back() == ';') text = trimmed(text.substr(0, text.size() - 1));
    return text;
}

void read_database(StatementScope& scope, bool creates) {
    TokenStream& in = scope.in;
    const bool if_not_exists = creates && in.accept("IF", "NOT", "EXISTS");
    std::string name = scope.context.default_database;
    const bool is_named =
        in.peek().kind == Token::Kind::QuotedName ||
        (in.peek().kind == Token::Kind::Word &&
         !in.is_any("DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "COMMENT", "READ", "ENCRYPTION", "UPGRADE"));
    if (is_named) name = in.name();
    std::optional<std::string> charset;
    while (in.ok() && !in.at_end()) {
        std::optional<std::string> found;
        if (accept_default_charset(in, found)) {
            if (found) charset = found;
        } else {
            in.skip_one();
        }
    }
    auto& charsets = scope.catalog.database_charsets;
    const bool exists = charsets.contains(name);
    if (creates && !(if_not_exists && exists))
        charsets[name] = charset.value_or(scope.catalog.server_charset);
    else if (!creates && charset)
        charsets[name] = *charset;
    scope.result.events.push_back(
        {name, std::string(scope.text), creates ? std::nullopt : std::optional<std::string>(""), {}});
}

void drop_database(StatementScope& scope) {
    TokenStream& in = scope.in;
    in.accept("IF", "EXISTS");
    const std::string name = in.name();
    if (!in.ok()) return;
    for (auto table = scope.catalog.tables.begin(); table != scope.catalog.tables.end();) {
        if (table->first.database != name) {
            ++table;
            continue;
        }
        scope.result.touched.push_back(table->first);
        table = scope.catalog.tables.erase(table);
    }
    scope.catalog.database_charsets.erase(name);
    scope.result.events.push_back({name, std::string(scope.text), std::nullopt, {}});
}

/// [DEFINER=… | SQL SECURITY … | ALGORITHM=…] before EVENT, VIEW, PROCEDURE and the like.
void skip_definer(TokenStream& in) {
    for (;;) {
        if (in.accept("DEFINER")) {
            in.accept_symbol('=');
            in.next();
            if (in.is_symbol('(')) in.skip_one();
            if (in.accept_symbol('@')) in.next();
        } else if (in.accept("ALGORITHM")) {
            in.option_value();
        } else if (in.accept("SQL", "SECURITY")) {
            in.next();
        } else {
            return;
        }
    }
}

void read_create(StatementScope& scope) {
    TokenStream& in = scope.in;
    const bool or_replace = in.accept("OR", "REPLACE");
    if (in.accept("TEMPORARY")) return;  // is not replicated in row format
    if (in.accept("TABLE")) {
        create_table(scope, or_replace);
        return;
    }
    if (in.accept("DATABASE") || in.accept("SCHEMA")) {
        read_database(scope, true);
        return;
    }
    if (in.accept("ONLINE") || in.accept("OFFLINE")) {
    }
    const bool unique = in.accept("UNIQUE");
    if (!unique && !in.accept("FULLTEXT") && !in.accept("SPATIAL")) in.accept("VECTOR");
    if (in.accept("INDEX")) {
        create_index(scope, unique);
        return;
    }
    if (in.accept("SEQUENCE")) {
        in.accept("IF", "NOT", "EXISTS");
        scope.add_event_without_table(scope.table_name().database);
        return;
    }
    skip_definer(in);
    if (in.accept("EVENT")) {
        in.accept("IF", "NOT", "EXISTS");
        scope.add_event_without_table(scope.table_name().database);
    }
}

void read_alter(StatementScope& scope) {
    TokenStream& in = scope.in;
    while (in.accept("ONLINE") || in.accept("OFFLINE") || in.accept("IGNORE")) {
    }
    if (in.accept("TABLE")) {
        alter_table(scope);
    } else if (in.accept("DATABASE") || in.accept("SCHEMA")) {
        read_database(scope, false);
    } else if (in.accept("SEQUENCE")) {
        in.accept("IF", "EXISTS");
        scope.add_event_without_table(scope.table_name().database);
    } else {
        skip_definer(in);
        if (in.accept("EVENT")) scope.add_event_without_table(scope.table_name().database);
    }
}

void read_drop(StatementScope& scope) {
    TokenStream& in = scope.in;
    if (in.accept("TEMPORARY")) return;
    if (in.accept("TABLE") || in.accept("TABLES")) {
        drop_table(scope);
    } else if (in.accept("DATABASE") || in.accept("SCHEMA")) {
        drop_database(scope);
    } else if (in.accept("INDEX")) {
        in.accept("IF", "EXISTS");
        in.name();
        if (!in.accept("ON")) in.fail();
        scope.add_event_without_table(scope.table_name().database);
    } else if (in.accept("EVENT") || in.accept("SEQUENCE")) {
        in.accept("IF", "EXISTS");
        scope.add_event_without_table(scope.table_name().database);
    }
}

void read_statement(StatementScope& scope) {
    TokenStream& in = scope.in;
    if (in.accept("SET", "STATEMENT")) {  // MariaDB: SET STATEMENT variable=value FOR statement
        while (!in.at_end() && !in.is_word("FOR")) in.next();
        in.accept("FOR");
    }
    if (in.accept("CREATE")) {
        read_create(scope);
    } else if (in.accept("ALTER")) {
        read_alter(scope);
    } else if (in.accept("DROP")) {
        read_drop(scope);
    } else if (in.accept("RENAME", "TABLE") || in.accept("RENAME", "TABLES")) {
        rename_table(scope);
    } else if (in.accept("TRUNCATE")) {
        in.accept("TABLE");
        scope.result.truncated = scope.table_name();
    }
}

}  // namespace

std::string joined_like_java(const std::vector<relational::TableId>& tables) {
    std::vector<std::string> keys;
    for (const auto& id : tables) keys.push_back(id.dotted());
    std::vector<std::string> names;
    for (const size_t i : java_hash_order(keys)) names.push_back(tables[i].table);
    return join(names, ",");
}

DdlResult apply_ddl(Catalog& catalog, std::string_view statement, const DdlContext& context) {
    DdlResult result;
    const LexerOptions options{context.server, (context.sql_mode & kModeAnsiQuotes) != 0,
                               (context.sql_mode & kModeNoBackslashEscapes) != 0};
    const std::string_view text = without_end(statement);
    TokenStream in(text, options);
    StatementScope scope{catalog, context, in, text, result};
    read_statement(scope);
    if (!in.ok()) {
        constexpr size_t kShownBytes = 40;
        result.events.clear();
        result.truncated.reset();
        result.problem = format("the statement is not understood at '{}' (byte {})",
                                text.substr(std::min(in.failed_at(), text.size()), kShownBytes), in.failed_at());
    }
    return result;
}

}  // namespace millrace::binlog::ddl
