#include "source/binlog/ddl/table_editor.h"

#include <algorithm>

#include "base/text.h"

namespace millrace::binlog::ddl {

std::vector<std::string> parse_key_parts(TokenStream& in) {
    std::vector<std::string> names;
    bool has_expression = false;
    in.expect_symbol('(');
    while (in.ok() && !in.is_symbol(')')) {
        if (in.is_symbol('(')) {
            has_expression = true;
            in.skip_one();
        } else {
            names.push_back(in.name());
            if (in.is_symbol('(')) in.skip_one();
        }
        if (!in.accept("ASC")) in.accept("DESC");
        if (in.accept("WITHOUT", "OVERLAPS")) has_expression = true;
        if (!in.accept_symbol(',')) break;
    }
    in.expect_symbol(')');
    if (has_expression) names.clear();
    return names;
}

TableEditor::Place TableEditor::parse_place(TokenStream& in) {
    Place place;
    if (in.accept("FIRST"))
        place.first = true;
    else if (in.accept("AFTER"))
        place.after = in.name();
    return place;
}

ColumnDefinition TableEditor::read_column(TokenStream& in, std::string name) const {
    return parse_column_definition(in, std::move(name), table_.default_charset, keep_comments_);
}

void TableEditor::place_column(relational::Column column, const Place& place, std::optional<size_t> fallback) {
    size_t at = fallback.value_or(table_.columns.size());
    if (place.first) at = 0;
    if (place.after)
        if (const auto before = table_.position(*place.after)) at = *before + 1;
    table_.columns.insert(table_.columns.begin() + static_cast<std::ptrdiff_t>(std::min(at, table_.columns.size())),
                          std::move(column));
}

void TableEditor::settle_key_column(relational::Column& column) const {
    const bool in_key =
        table_.has_primary_key && std::any_of(table_.primary_key.begin(), table_.primary_key.end(),
                                              [&](const auto& name) { return iequals(name, column.name); });
    if (!in_key) return;
    column.optional = false;
    if (!column.default_expression) column.has_default = false;
}

void TableEditor::add_column(ColumnDefinition definition, const Place& place) {
    const std::string name = definition.column.name;
    place_column(std::move(definition.column), place, std::nullopt);
    if (definition.is_primary_key) set_primary_key({name});
    if (definition.is_unique) unique_keys_.push_back({name});
}

void TableEditor::replace_column(TokenStream& in, const std::string& old_name, ColumnDefinition definition,
                                 const Place& place) {
    const auto at = table_.position(old_name);
    if (!at) {
        in.fail();
        return;
    }
    const std::string name = definition.column.name;
    table_.columns.erase(table_.columns.begin() + static_cast<std::ptrdiff_t>(*at));
    for (auto& key : table_.primary_key)
        if (iequals(key, old_name)) key = name;
    settle_key_column(definition.column);
    place_column(std::move(definition.column), place, at);
    if (definition.is_primary_key) set_primary_key({name});
    if (definition.is_unique) unique_keys_.push_back({name});
}

void TableEditor::drop_column(const std::string& name) {
    std::erase_if(table_.columns, [&](const auto& column) { return iequals(column.name, name); });
    std::erase_if(table_.primary_key, [&](const auto& key) { return iequals(key, name); });
}

void TableEditor::rename_column(const std::string& from, const std::string& to) {
    for (auto& column : table_.columns)
        if (iequals(column.name, from)) column.name = to;
    for (auto& key : table_.primary_key)
        if (iequals(key, from)) key = to;
}

void TableEditor::set_primary_key(std::vector<std::string> columns) {
    for (auto& name : columns)
        if (const auto at = table_.position(name)) name = table_.columns[*at].name;
    table_.primary_key = std::move(columns);
    table_.has_primary_key = true;
    for (auto& column : table_.columns) settle_key_column(column);
}

void TableEditor::drop_primary_key() {
    table_.primary_key.clear();
    table_.has_primary_key = false;
}

void TableEditor::add_unique_key(const std::vector<std::string>& columns) {
    if (!columns.empty()) unique_keys_.push_back(columns);
}

void TableEditor::settle_keys() {
    if (table_.has_primary_key) {
        for (auto& column : table_.columns) settle_key_column(column);
        return;
    }
    for (const auto& key : unique_keys_) {
        if (!table_.primary_key.empty()) return;
        const bool usable = std::all_of(key.begin(), key.end(), [&](const auto& name) {
            const auto* column = table_.find(name);
            return column != nullptr && !column->optional;
        });
        if (!usable) continue;
        for (const auto& name : key) table_.primary_key.push_back(table_.find(name)->name);
    }
}

bool TableEditor::accept_constraint(TokenStream& in) {
    const size_t start = in.mark();
    if (in.accept("CONSTRAINT")) {
        in.accept("IF", "NOT", "EXISTS");
        if (!in.is_any("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")) in.name();
    }
    if (in.accept("PRIMARY", "KEY")) {
        while (in.ok() && !in.at_end() && !in.is_symbol('(')) in.next();  // an ignored name, USING BTREE
        set_primary_key(parse_key_parts(in));
    } else if (in.accept("UNIQUE")) {
        if (!in.accept("INDEX")) in.accept("KEY");
        while (in.ok() && !in.at_end() && !in.is_symbol('(')) in.next();  // IF NOT EXISTS, name, USING …
        add_unique_key(parse_key_parts(in));
    } else if (in.is_any("INDEX", "KEY", "FULLTEXT", "SPATIAL", "FOREIGN", "CHECK") ||
               (in.is_word("PERIOD") && in.is_word("FOR", 1)) ||
               (in.is_word("VECTOR") && (in.is_word("INDEX", 1) || in.is_word("KEY", 1)))) {
        in.next();
    } else {
        in.rewind(start);
        return false;
    }
    in.skip_to_comma();
    return true;
}

void TableEditor::convert_charset(const std::string& charset) {
    table_.default_charset = charset;
    for (auto& column : table_.columns)
        if (is_character_type(column.type_name)) column.charset = charset;
}

}  // namespace millrace::binlog::ddl
