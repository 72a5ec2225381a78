#include "source/binlog/ddl/table_statements.h"

#include <utility>

#include "base/text.h"
#include "source/binlog/charset.h"
#include "source/binlog/ddl/table_editor.h"

namespace millrace::binlog::ddl {
namespace {

using relational::Table;
using relational::TableChange;
using relational::TableId;

/// WAIT n and NOWAIT, MariaDB's.
void accept_wait(TokenStream& in) {
    if (in.accept("WAIT")) in.next();
    in.accept("NOWAIT");
}

void read_table_options(StatementScope& scope, TableEditor& editor) {
    TokenStream& in = scope.in;
    while (in.ok() && !in.at_end()) {
        std::optional<std::string> charset;
        if (accept_default_charset(in, charset)) {
            if (charset) editor.table().default_charset = charset;
        } else if (in.accept("COMMENT")) {
            const std::string comment = in.option_value();
            if (scope.context.keep_comments) editor.table().comment = comment;
        } else if (in.is_word("START") && in.is_word("TRANSACTION", 1)) {
            scope.text = trimmed(
                scope.text.substr(0, in.peek().begin));  // MySQL's mark on CREATE TABLE … SELECT, not the user's words
            scope.result.begins_transaction = true;
            in.accept("START", "TRANSACTION");
        } else {
            in.skip_one();
        }
    }
}

/// The default character set must be known before columns inherit it, but stands behind them.
std::string charset_from_options(const StatementScope& scope, const std::string& database) {
    TokenStream ahead = scope.in;
    ahead.skip_one();  // ( definitions )
    std::optional<std::string> charset;
    while (ahead.ok() && !ahead.at_end()) {
        std::optional<std::string> found;
        if (accept_default_charset(ahead, found)) {
            if (found) charset = found;
        } else {
            ahead.skip_one();
        }
    }
    return charset.value_or(scope.catalog.charset_of(database));
}

bool create_like(StatementScope& scope, const TableId& id) {
    TokenStream& in = scope.in;
    const bool in_parentheses = in.is_symbol('(') && in.is_word("LIKE", 1);
    if (!in_parentheses && !in.is_word("LIKE")) return false;
    if (in_parentheses) in.next();
    in.next();
    const TableId original = scope.table_name();
    const auto found = scope.catalog.tables.find(original);
    if (found == scope.catalog.tables.end()) {
        in.fail();
        return true;
    }
    Table copy = found->second;
    copy.id = id;
    scope.catalog.tables[id] = std::move(copy);
    scope.add_event(id, TableChange::Kind::Create);
    return true;
}

void read_definitions(TokenStream& in, TableEditor& editor) {
    in.expect_symbol('(');
    while (in.ok() && !in.is_symbol(')')) {
        if (!editor.accept_constraint(in)) {
            std::string name = in.name();
            editor.add_column(editor.read_column(in, std::move(name)), {});
        }
        if (!in.accept_symbol(',')) break;
    }
    in.expect_symbol(')');
    editor.settle_keys();
}

/// ALTER TABLE … ADD, behind ADD.
void alter_add(TokenStream& in, TableEditor& editor) {
    if (in.accept("PARTITION")) {
        while (in.ok() && !in.at_end()) in.skip_one();
        return;
    }
    if (in.accept("SYSTEM", "VERSIONING")) return;
    if (!in.is_word("COLUMN") && editor.accept_constraint(in)) return;
    in.accept("COLUMN");
    const bool if_not_exists = in.accept("IF", "NOT", "EXISTS");
    if (in.accept_symbol('(')) {
        while (in.ok()) {
            if (!editor.accept_constraint(in)) {
                std::string name = in.name();
                editor.add_column(editor.read_column(in, std::move(name)), {});
            }
            if (!in.accept_symbol(',')) break;
        }
        in.expect_symbol(')');
        return;
    }
    std::string name = in.name();
    const bool exists = editor.table().find(name) != nullptr;
    ColumnDefinition definition = editor.read_column(in, std::move(name));
    const auto place = TableEditor::parse_place(in);
    if (exists && if_not_exists) return;  // the server did nothing
    editor.add_column(std::move(definition), place);
}

void alter_drop(TokenStream& in, TableEditor& editor) {
    if (in.accept("PRIMARY", "KEY")) {
        editor.drop_primary_key();
    } else if (in.accept("PARTITION")) {
        while (in.ok() && !in.at_end()) in.skip_one();
    } else if (in.is_any("INDEX", "KEY", "FOREIGN", "CONSTRAINT", "CHECK", "PERIOD", "SYSTEM")) {
        in.skip_to_comma();
    } else {
        in.accept("COLUMN");
        in.accept("IF", "EXISTS");
        editor.drop_column(in.name());
        if (!in.accept("RESTRICT")) in.accept("CASCADE");
    }
}

void alter_modify(TokenStream& in, TableEditor& editor, bool with_new_name) {
    in.accept("COLUMN");
    const bool if_exists = in.accept("IF", "EXISTS");
    const std::string old_name = in.name();
    std::string name = with_new_name ? in.name() : old_name;
    if (const auto* column = editor.table().find(old_name); column != nullptr && !with_new_name) name = column->name;
    ColumnDefinition definition = editor.read_column(in, std::move(name));
    const auto place = TableEditor::parse_place(in);
    if (if_exists && editor.table().find(old_name) == nullptr) return;
    editor.replace_column(in, old_name, std::move(definition), place);
}

void alter_column(TokenStream& in, TableEditor& editor) {
    if (in.is_any("INDEX", "KEY", "CHECK", "CONSTRAINT")) {
        in.skip_to_comma();
        return;
    }
    in.accept("COLUMN");
    in.accept("IF", "EXISTS");
    const auto at = editor.table().position(in.name());
    if (!at) {
        in.fail();
        return;
    }
    relational::Column& column = editor.table().columns[*at];
    if (in.accept("SET", "DEFAULT")) {
        parse_default(in, column);
    } else if (in.accept("DROP", "DEFAULT")) {
        column.default_expression.reset();
        column.has_default = column.optional;
    } else {
        in.skip_to_comma();  // SET VISIBLE, SET INVISIBLE
    }
}

/// One specification of ALTER TABLE; a new name goes to `renamed`.
void alter_specification(StatementScope& scope, TableEditor& editor, std::optional<TableId>& renamed) {
    TokenStream& in = scope.in;
    std::optional<std::string> charset;
    if (in.accept("ADD")) {
        alter_add(in, editor);
    } else if (in.accept("DROP")) {
        alter_drop(in, editor);
    } else if (in.accept("MODIFY")) {
        alter_modify(in, editor, false);
    } else if (in.accept("CHANGE")) {
        alter_modify(in, editor, true);
    } else if (in.accept("ALTER")) {
        alter_column(in, editor);
    } else if (in.accept("RENAME", "COLUMN")) {
        in.accept("IF", "EXISTS");
        const std::string from = in.name();
        if (!in.accept("TO")) in.fail();
        editor.rename_column(from, in.name());
    } else if (in.accept("RENAME", "INDEX") || in.accept("RENAME", "KEY")) {
        in.skip_to_comma();
    } else if (in.accept("RENAME")) {
        if (!in.accept("TO") && !in.accept("AS")) in.accept_symbol('=');
        renamed = scope.table_name();
    } else if (in.accept("CONVERT", "TO")) {
        if (!accept_default_charset(in, charset)) in.fail();
        std::optional<std::string> collation_charset;
        accept_default_charset(in, collation_charset);
        editor.convert_charset(charset.value_or(scope.catalog.charset_of(editor.table().id.database)));
    } else if (accept_default_charset(in, charset)) {
        if (charset) editor.table().default_charset = charset;
    } else if (in.accept("COMMENT")) {
        const std::string comment = in.option_value();
        if (scope.context.keep_comments) editor.table().comment = comment;
    } else if (in.is_any("PARTITION", "REORGANIZE", "COALESCE", "EXCHANGE", "TRUNCATE", "ANALYZE", "OPTIMIZE", "REPAIR",
                         "REBUILD", "REMOVE", "DISCARD", "IMPORT", "ORDER", "UPGRADE", "CHECK")) {
        while (in.ok() && !in.at_end()) in.skip_one();  // nothing that changes columns can follow
    } else if (in.peek().kind == Token::Kind::Word) {
        in.skip_to_comma();  // ENGINE=…, ALGORITHM=…, FORCE, ENABLE KEYS and the like
    } else {
        in.fail();
    }
}

/// The text of a name as it stands in the statement, its quotes included.
std::string raw_name(TokenStream& in, std::string_view statement) {
    const size_t begin = in.peek().begin;
    size_t end = in.peek().end;
    in.next();
    while (in.is_symbol('.')) {
        in.next();
        end = in.next().end;
    }
    return std::string(statement.substr(begin, end - begin));
}

}  // namespace

bool accept_default_charset(TokenStream& in, std::optional<std::string>& charset) {
    const size_t start = in.mark();
    in.accept("DEFAULT");
    if (in.accept("CHARACTER", "SET") || in.accept("CHARSET") || in.accept("CHAR", "SET")) {
        in.accept_symbol('=');
        if (in.accept("DEFAULT")) return true;
        charset = canonical_charset(in.option_value());
        if (in.accept("COLLATE")) in.option_value();
        return true;
    }
    if (in.accept("COLLATE")) {
        charset = charset_of_collation(in.option_value());
        return true;
    }
    in.rewind(start);
    return false;
}

TableId StatementScope::table_name() {
    TableId id{context.default_database, in.name()};
    if (in.is_symbol('.')) {
        in.next();
        id.database = std::exchange(id.table, in.name());
    }
    return id;
}

DdlEvent& StatementScope::add_event(const TableId& table, TableChange::Kind kind) {
    TableChange change{kind, table, {}, {}};
    const auto found = catalog.tables.find(table);
    if (kind != TableChange::Kind::Drop && found != catalog.tables.end()) change.table = found->second;
    result.events.push_back({table.database, std::string(text), table.table, {std::move(change)}});
    return result.events.back();
}

void StatementScope::add_event_without_table(const std::string& database) {
    result.events.push_back({database, std::string(text), "", {}});
}

void create_table(StatementScope& scope, bool or_replace) {
    TokenStream& in = scope.in;
    const bool if_not_exists = in.accept("IF", "NOT", "EXISTS");
    const TableId id = scope.table_name();
    if (!in.ok()) return;
    scope.result.touched.push_back(id);
    if (if_not_exists && !or_replace && scope.catalog.tables.contains(id)) {
        scope.add_event_without_table(id.database);
        scope.result.touched.clear();
        return;
    }
    if (create_like(scope, id)) return;
    if (!in.is_symbol('(')) {
        in.fail();  // CREATE TABLE … SELECT reaches a row-based log with its columns written out
        return;
    }
    Table table;
    table.id = id;
    table.default_charset = charset_from_options(scope, id.database);
    TableEditor editor(std::move(table), scope.context.keep_comments);
    read_definitions(in, editor);
    if (!in.ok()) return;
    const auto charset = editor.table().default_charset;
    read_table_options(scope, editor);
    editor.table().default_charset = charset;
    scope.catalog.tables[id] = std::move(editor.table());
    scope.add_event(id, TableChange::Kind::Create);
}

void alter_table(StatementScope& scope) {
    TokenStream& in = scope.in;
    in.accept("IF", "EXISTS");
    const TableId id = scope.table_name();
    accept_wait(in);
    if (!in.ok()) return;
    scope.result.touched.push_back(id);
    const auto found = scope.catalog.tables.find(id);
    if (found == scope.catalog.tables.end()) {
        scope.result.problem = format("the table {} is not in the schema history", id.dotted());
        return;
    }
    TableEditor editor(found->second, scope.context.keep_comments);
    std::optional<TableId> renamed;
    while (in.ok() && !in.at_end()) {
        alter_specification(scope, editor, renamed);
        if (!in.accept_symbol(',') && !in.is_any("PARTITION", "REMOVE")) break;
    }
    if (!in.ok()) return;
    if (!in.at_end()) {
        in.fail();
        return;
    }
    editor.settle_keys();
    const TableId new_id = renamed.value_or(id);
    editor.table().id = new_id;
    Table altered = std::move(editor.table());
    scope.catalog.tables.erase(id);
    scope.catalog.tables[new_id] = std::move(altered);
    if (renamed) scope.result.touched.push_back(new_id);
    scope.add_event(new_id, TableChange::Kind::Alter);
}

void drop_table(StatementScope& scope) {
    TokenStream& in = scope.in;
    const bool if_exists = in.accept("IF", "EXISTS");
    std::vector<TableId> tables;
    do {
        tables.push_back(scope.table_name());
    } while (in.ok() && in.accept_symbol(','));
    if (!in.ok()) return;
    for (const auto& id : tables) {
        scope.catalog.tables.erase(id);
        scope.result.touched.push_back(id);
        auto& event = scope.add_event(id, TableChange::Kind::Drop);
        event.ddl = format("DROP TABLE {}`{}`.`{}`", if_exists ? "IF EXISTS " : "", id.database, id.table);
        event.table_names = joined_like_java(tables);
    }
}

void rename_table(StatementScope& scope) {
    TokenStream& in = scope.in;
    const bool if_exists = in.accept("IF", "EXISTS");
    struct Pair {
        TableId from, to;
        std::string text;
    };
    std::vector<Pair> pairs;
    do {
        const size_t start = in.mark();
        const std::string raw_from = raw_name(in, in.statement());
        in.rewind(start);
        Pair pair;
        pair.from = scope.table_name();
        accept_wait(in);
        if (!in.accept("TO")) in.fail();
        const size_t middle = in.mark();
        const std::string raw_to = in.ok() ? raw_name(in, in.statement()) : std::string();
        in.rewind(middle);
        pair.to = scope.table_name();
        pair.text = format("RENAME TABLE {}{} TO {}", if_exists ? "IF EXISTS " : "", raw_from, raw_to);
        pairs.push_back(std::move(pair));
    } while (in.ok() && in.accept_symbol(','));
    if (!in.ok()) return;
    std::vector<TableId> new_names;
    for (const auto& pair : pairs) {
        scope.result.touched.push_back(pair.from);
        scope.result.touched.push_back(pair.to);
        new_names.push_back(pair.to);
        const auto found = scope.catalog.tables.find(pair.from);
        if (found == scope.catalog.tables.end()) continue;
        Table moved = std::move(found->second);
        scope.catalog.tables.erase(found);
        moved.id = pair.to;
        scope.catalog.tables[pair.to] = std::move(moved);
    }
    for (const auto& pair : pairs) {
        auto& event = scope.add_event(pair.to, TableChange::Kind::Alter);
        event.ddl = pair.text;
        event.table_names = joined_like_java(new_names);
        if (!event.changes[0].table)
            event.changes.clear();
        else
            event.changes[0].previous_id = pair.from;
    }
}

void create_index(StatementScope& scope, bool unique) {
    TokenStream& in = scope.in;
    in.accept("IF", "NOT", "EXISTS");
    while (in.ok() && !in.at_end() && !in.is_word("ON")) in.next();
    if (!in.accept("ON")) in.fail();
    const TableId id = scope.table_name();
    if (!in.ok()) return;
    const auto found = scope.catalog.tables.find(id);
    if (!unique || found == scope.catalog.tables.end()) {
        scope.add_event_without_table(id.database);
        return;
    }
    TableEditor editor(found->second, scope.context.keep_comments);
    editor.add_unique_key(parse_key_parts(in));
    editor.settle_keys();
    if (!in.ok()) return;
    if (editor.table() == found->second) {
        scope.add_event_without_table(id.database);
        return;
    }
    found->second = std::move(editor.table());  // it has become the table's key
    scope.result.touched.push_back(id);
    scope.add_event(id, TableChange::Kind::Alter);
}

}  // namespace millrace::binlog::ddl
