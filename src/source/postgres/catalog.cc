#include "source/postgres/catalog.h"

#include <algorithm>

#include "base/text.h"

namespace millrace::postgres {
namespace {

uint32_t number(const std::optional<std::string>& text) {
    return static_cast<uint32_t>(parse_int(text.value_or("0")).value_or(0));
}

/// As the JDBC driver names the type of a column that a sequence fills.
void name_serial(relational::Column& column) {
    if (!column.default_expression || column.default_expression->find("nextval(") == std::string::npos) return;
    if (column.type_name == "int4") column.type_name = "serial";
    if (column.type_name == "int8") column.type_name = "bigserial";
    if (column.type_name == "int2") column.type_name = "smallserial";
}

}  // namespace

bool is_builtin_schema(std::string_view schema) {
    return schema == "pg_catalog" || schema == "information_schema" || schema.starts_with("pg_toast") ||
           schema.starts_with("pg_temp");
}

bool is_builtin_table(std::string_view table) {
    return iequals(table, "spatial_ref_sys");
}

const PgTable::Column* PgTable::find(std::string_view name) const {
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const auto& one) { return one.column.name == name; });
    return found == columns.end() ? nullptr : &*found;
}

relational::Table PgTable::as_relational() const {
    relational::Table table;
    table.id = id;
    for (const auto& column : columns) table.columns.push_back(column.column);
    table.primary_key = primary_key;
    return table;
}

bool PgTable::operator==(const PgTable& other) const {
    return id == other.id && primary_key == other.primary_key &&
           std::equal(columns.begin(), columns.end(), other.columns.begin(), other.columns.end(),
                      [](const Column& a, const Column& b) {
                          return a.column == b.column && a.type == b.type && a.modifier == b.modifier;
                      });
}

std::vector<relational::TableId> Catalog::tables() {
    std::vector<relational::TableId> found;
    for (const auto& row : connection_.rows(
             "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
             "c.relnamespace WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' ORDER BY 1, 2"))
        found.push_back({row[0].value_or(""), row[1].value_or("")});
    return found;
}

relational::Column Catalog::column_of(const std::string& name, uint32_t type, int32_t modifier) {
    const auto [root, root_modifier] = types_.root(type, modifier);
    relational::Column column;
    column.name = name;
    column.type_name = types_.get(type).name;
    column.jdbc_type = jdbc_type_of(root.oid);
    // The driver computes an array's sizes from its elements.
    const TypeSize size = size_of(root.element != 0 ? root.element : root.oid, root_modifier);
    column.length = size.length;
    column.scale = size.scale;
    return column;
}

/// The primary key in its own order; without one the first unique index that has no expressions.
std::vector<std::string> Catalog::key_of(const std::string& table_oid) {
    std::vector<std::string> key;
    std::optional<std::string> index;
    for (const auto& row : connection_.rows(
             "SELECT i.indexrelid, a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = "
             "i.indexrelid CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place) JOIN "
             "pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE i.indrelid = " +
             table_oid +
             " AND i.indisunique AND i.indisvalid AND i.indexprs IS NULL AND i.indpred IS NULL AND k.place <= "
             "i.indnkeyatts ORDER BY i.indisprimary DESC, c.relname, i.indexrelid, k.place")) {
        if (index && index != row[0]) break;
        index = row[0];
        key.push_back(row[1].value_or(""));
    }
    return key;
}

std::optional<PgTable> Catalog::read(const relational::TableId& id) {
    const auto table_oid = connection_.value(
        format("SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
               "WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p')",
               quote_text(id.database), quote_text(id.table)));
    if (!table_oid) return std::nullopt;
    PgTable table;
    table.id = id;
    for (const auto& row : connection_.rows(
             "SELECT a.attname, a.atttypid, a.atttypmod, a.attnotnull OR (t.typtype = 'd' AND t.typnotnull), "
             "a.attgenerated <> '', pg_catalog.pg_get_expr(d.adbin, d.adrelid), "
             "pg_catalog.col_description(a.attrelid, a.attnum), a.attidentity <> '' FROM pg_catalog.pg_attribute a "
             "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = "
             "a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = " +
             *table_oid + " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum")) {
        PgTable::Column column;
        column.type = number(row[1]);
        column.modifier = static_cast<int32_t>(parse_int(row[2].value_or("-1")).value_or(-1));
        column.column = column_of(row[0].value_or(""), column.type, column.modifier);
        if (column.type == oid::kNumeric && column.modifier == -1) {  // as the driver's getColumns tells it
            column.column.length = 0;
            column.column.scale.reset();
        }
        column.column.optional = row[3] != "t";
        column.is_generated = row[4] == "t";
        column.column.has_default = row[5].has_value();
        column.column.default_expression = row[5];
        column.column.comment = row[6];
        column.column.auto_incremented = row[7] == "t";
        name_serial(column.column);
        table.columns.push_back(std::move(column));
    }
    table.primary_key = key_of(*table_oid);
    return table;
}

PgTable Catalog::read(const Relation& relation) {
    const relational::TableId id{std::string(relation.schema), std::string(relation.table)};
    const auto now = read(id);
    PgTable table;
    table.id = id;
    for (const auto& told : relation.columns) {
        PgTable::Column column;
        column.type = told.type;
        column.modifier = told.modifier;
        column.column = column_of(std::string(told.name), told.type, told.modifier);
        const auto* known = now ? now->find(told.name) : nullptr;
        if (known != nullptr) {
            column.column.optional = known->column.optional;
            column.column.has_default = known->column.has_default;
            column.column.default_expression = known->column.default_expression;
            column.column.comment = known->column.comment;
        }
        table.columns.push_back(std::move(column));
    }
    if (now)
        for (const auto& name : now->primary_key)
            if (table.find(name) != nullptr) table.primary_key.push_back(name);
    return table;
}

std::vector<relational::TableId> captured_tables(Catalog& catalog, const relational::Filters& filters) {
    std::vector<relational::TableId> captured;
    for (auto& id : catalog.tables())
        if (filters.captures(id)) captured.push_back(std::move(id));
    filters.sort_for_snapshot(captured);
    return captured;
}

}  // namespace millrace::postgres
