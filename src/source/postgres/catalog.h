#pragma once

#include <optional>
#include <string>
#include <vector>

#include "relational/filters.h"
#include "relational/table.h"
#include "source/postgres/connection.h"
#include "source/postgres/pg_type.h"
#include "source/postgres/pgoutput.h"

namespace millrace::postgres {

/// Schemas of the server itself, which are captured only with table.ignore.builtin=false.
bool is_builtin_schema(std::string_view schema);
/// PostGIS keeps one in the schema that it is installed in; Debezium leaves it out by this name.
bool is_builtin_table(std::string_view table);
/// PostgreSQL's tables live in schemas; TableId::database holds the schema.
constexpr relational::Namespaces kSchemas{"schema", &is_builtin_schema, &is_builtin_table};

/// A table's structure, with what PostgreSQL knows of its columns beyond relational::Column.
struct PgTable {
    struct Column {
        relational::Column column;
        uint32_t type = 0;
        int32_t modifier = -1;
        bool is_generated = false;
    };
    relational::TableId id;
    std::vector<Column> columns;
    std::vector<std::string> primary_key;  ///< Or the columns of the first unique index, by name.
    std::optional<std::string> comment;

    const Column* find(std::string_view name) const;
    relational::Table as_relational() const;
    bool operator==(const PgTable& other) const;
};

/// What the server's catalogue says of tables now. Used by one thread. Throws ServerError.
class Catalog {
  public:
    Catalog(Connection& connection, PgTypes& types) : connection_(connection), types_(types) {}

    /// All tables of the database, partitioned ones and their partitions.
    std::vector<relational::TableId> tables();
    /// Nothing if there is no such table.
    std::optional<PgTable> read(const relational::TableId& id);
    /// The structure that rows of the stream have from this Relation message on: its columns and types; nullability,
    /// defaults and key as the catalogue has them now, which is all that can be known of them.
    PgTable read(const Relation& relation);

  private:
    relational::Column column_of(const std::string& name, uint32_t type, int32_t modifier);
    std::vector<std::string> key_of(const std::string& table_oid);

    Connection& connection_;
    PgTypes& types_;
};

/// The captured tables among all, in the order in which a snapshot reads them; the signal table last of all is left
/// out.
std::vector<relational::TableId> captured_tables(Catalog& catalog, const relational::Filters& filters);

}  // namespace millrace::postgres
