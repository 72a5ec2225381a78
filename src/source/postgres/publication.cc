#include "source/postgres/publication.h"

#include <set>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "relational/value_modes.h"

namespace millrace::postgres {
namespace {

std::string table_list(const std::vector<relational::TableId>& tables) {
    std::vector<std::string> names;
    for (const auto& id : tables) names.push_back(quote_table(id.database, id.table));
    return join(names, ", ");
}

/// A refusal says which grant is missing.
void change(Connection& connection, const std::string& statement, const std::string& publication) {
    try {
        connection.execute(statement);
    } catch (const ServerError& fault) {
        if (is_retriable(fault)) throw;
        throw FatalError(
            format("The publication {} cannot be made as publication.autocreate.mode says ({}): {}. It takes CREATE on "
                   "the database and the ownership of the tables, or for all tables a superuser; or make it yourself "
                   "and set publication.autocreate.mode=disabled",
                   publication, statement, fault.message));
    }
}

}  // namespace

Publication::Publication(const config::Settings& settings)
    : name_(settings.text("publication.name", "dbz_publication")),
      mode_(relational::chosen_mode<Mode>(settings, "publication.autocreate.mode",
                                          {{"all_tables", Mode::AllTables},
                                           {"disabled", Mode::Disabled},
                                           {"filtered", Mode::Filtered},
                                           {"no_tables", Mode::NoTables}})),
      by_root_(settings.boolean("publish.via.partition.root", false)) {}

/// The captured tables; of a partitioned table and its partitions only what the publication may hold.
std::vector<relational::TableId> Publication::wanted(Connection&, Catalog& catalog,
                                                     const relational::Filters& filters) const {
    return captured_tables(catalog, filters);
}

void Publication::create(Connection& connection, Catalog& catalog, const relational::Filters& filters,
                         const std::string& logger) const {
    const std::string with = by_root_ ? " WITH (publish_via_partition_root = true)" : "";
    std::string statement = "CREATE PUBLICATION " + quote_name(name_);
    if (mode_ == Mode::AllTables) {
        statement += " FOR ALL TABLES";
    } else if (mode_ == Mode::Filtered) {
        const auto tables = wanted(connection, catalog, filters);
        if (tables.empty())
            throw FatalError(
                format("No table is captured, so there is nothing to make the publication {} for; see "
                       "schema.include.list and table.include.list",
                       name_));
        statement += " FOR TABLE " + table_list(tables);
    }
    log::info(logger, format("Creating the publication with: {}{}", statement, with));
    change(connection, statement + with, name_);
}

void Publication::follow_filters(Connection& connection, Catalog& catalog, const relational::Filters& filters,
                                 const std::string& logger) const {
    std::set<relational::TableId> published;
    for (const auto& row :
         connection.rows(format("SELECT n.nspname, c.relname FROM pg_catalog.pg_publication_rel r JOIN "
                                "pg_catalog.pg_publication p ON p.oid = r.prpubid JOIN pg_catalog.pg_class c ON c.oid "
                                "= r.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
                                "p.pubname = {}",
                                quote_text(name_))))
        published.insert({row[0].value_or(""), row[1].value_or("")});
    const auto tables = wanted(connection, catalog, filters);
    if (tables.empty() || std::set<relational::TableId>(tables.begin(), tables.end()) == published) return;
    const std::string statement = "ALTER PUBLICATION " + quote_name(name_) + " SET TABLE " + table_list(tables);
    log::info(logger, format("The publication gets the captured tables: {}", statement));
    change(connection, statement, name_);
}

void Publication::settle(Connection& connection, Catalog& catalog, const relational::Filters& filters,
                         const std::string& logger) const {
    const auto found = connection.rows(
        format("SELECT puballtables FROM pg_catalog.pg_publication WHERE pubname = {}", quote_text(name_)));
    const bool may_write = connection.value("SELECT pg_catalog.pg_is_in_recovery()") != "t";
    if (found.empty()) {
        if (mode_ == Mode::Disabled || !may_write)
            throw FatalError(
                format("There is no publication {}, and {}; make it with: CREATE PUBLICATION {} FOR TABLE "
                       "…, and restart the connector",
                       name_,
                       mode_ == Mode::Disabled ? "publication.autocreate.mode is disabled"
                                               : "nothing may be written to this server",
                       quote_name(name_)));
        create(connection, catalog, filters, logger);
        return;
    }
    if (mode_ != Mode::Filtered) return;
    if (found[0][0] == "t")
        throw FatalError(
            format("The publication {} is for all tables, so its tables cannot follow the filters "
                   "(publication.autocreate.mode=filtered); drop it, or set "
                   "publication.autocreate.mode=all_tables",
                   name_));
    if (may_write) follow_filters(connection, catalog, filters, logger);
}

std::vector<relational::TableId> Publication::unpublished(Connection& connection,
                                                          const relational::Filters& filters) const {
    std::vector<relational::TableId> tables;
    for (
        const auto& row : connection.rows(format(
            "WITH published AS (SELECT c.oid FROM pg_catalog.pg_publication_tables p JOIN pg_catalog.pg_namespace n ON "
            "n.nspname = p.schemaname JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename "
            "WHERE p.pubname = {}) SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace "
            "n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid NOT IN (SELECT "
            "oid "
            "FROM published) AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors(c.oid) a WHERE a.relid IN "
            "(SELECT oid FROM published)) ORDER BY 1, 2",
            quote_text(name_)))) {
        relational::TableId id{row[0].value_or(""), row[1].value_or("")};
        if (filters.captures(id)) tables.push_back(std::move(id));
    }
    return tables;
}

void set_replica_identities(Connection& connection, Catalog& catalog, const config::Settings& settings,
                            const relational::Filters& filters, const std::string& logger) {
    constexpr const char* kProperty = "replica.identity.autoset.values";
    for (const auto& entry : settings.list(kProperty)) {
        const size_t colon = entry.rfind(':');
        const std::string identity(trimmed(colon == std::string::npos ? "" : entry.substr(colon + 1)));
        const std::string what = upper(identity);
        const bool is_index = what.starts_with("INDEX ");
        if (colon == std::string::npos || (what != "FULL" && what != "DEFAULT" && what != "NOTHING" && !is_index))
            throw ConfigError(kProperty, format("The '{}' value is invalid: '{}' is not TABLE:FULL, TABLE:DEFAULT, "
                                                "TABLE:NOTHING or TABLE:INDEX name",
                                                kProperty, entry));
        const relational::NamePatterns tables(kProperty, entry.substr(0, colon));
        const std::string clause =
            is_index ? "USING INDEX " + quote_name(trimmed(std::string_view(identity).substr(6))) : what;
        for (const auto& id : captured_tables(catalog, filters)) {
            if (!tables.match(id.dotted())) continue;
            log::info(logger, format("Table {} gets REPLICA IDENTITY {} ({})", id.dotted(), clause, kProperty));
            connection.execute(
                format("ALTER TABLE {} REPLICA IDENTITY {}", quote_table(id.database, id.table), clause));
        }
    }
}

}  // namespace millrace::postgres
