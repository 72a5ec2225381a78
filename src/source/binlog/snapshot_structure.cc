#include "source/binlog/snapshot_structure.h"

#include <algorithm>
#include <tuple>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "source/binlog/databases.h"

namespace millrace::binlog {

SnapshotStructure::SnapshotStructure(const Dialect& dialect, Options options, SchemaState& schema, std::string logger)
    : options_(std::move(options)),
      schema_(schema),
      server_tables_(dialect, options_.connection, schema),
      logger_(std::move(logger)) {}

void SnapshotStructure::info(const std::string& message) const {
    log::info(logger_, message);
}

void SnapshotStructure::choose(const relational::TableId& id) {
    const auto& filters = schema_.filters();
    const bool captured = filters.captures(id);
    const bool asked_for = !options_.on_demand || options_.on_demand->match(id.dotted());
    if (captured && asked_for) captured_.push_back(id);
    const bool wanted = captured && asked_for && !filters.is_signal_table(id) &&
                        (options_.included.empty() || options_.included.match(id.dotted()));
    if (wanted) tables_.push_back(id);
    if (options_.on_demand ? wanted : captured || !schema_.options().stores_captured_tables_only) all_.push_back(id);
}

void SnapshotStructure::determine(Connection& connection) {
    databases_.clear();
    all_.clear();
    captured_.clear();
    tables_.clear();
    info("Read list of available databases");
    for (const auto& row : connection.rows("SHOW DATABASES")) {
        const auto name = row[0].value_or("");
        if (is_builtin_database(name) && schema_.filters().ignores_builtin()) continue;
        if (iequals(name, "information_schema") || iequals(name, "performance_schema")) continue;  // hold views only
        databases_.push_back(name);
    }
    std::sort(databases_.begin(), databases_.end());
    info(format("\t list of available databases is: [{}]", join(databases_, ", ")));
    info("Read list of available tables in each database");
    for (const auto& database : databases_) {
        if (schema_.options().stores_captured_databases_only && !schema_.filters().captures_namespace(database))
            continue;
        for (const auto& row : connection.rows("SHOW FULL TABLES IN " + quote_name(database))) {
            const std::string kind = row.size() > 1 ? row[1].value_or("") : "";
            if (kind == "BASE TABLE" || kind == "SYSTEM VERSIONED") choose({database, row[0].value_or("")});
        }
    }
    sort(connection);
}

void SnapshotStructure::sort(Connection& connection) {
    const auto by_name = [](const auto& a, const auto& b) { return a.dotted() < b.dotted(); };
    std::sort(all_.begin(), all_.end(), by_name);
    std::sort(captured_.begin(), captured_.end(), by_name);
    schema_.filters().sort_for_snapshot(tables_);
    const bool ascending = iequals(options_.order_by_rows, "ascending");
    if (!ascending && !iequals(options_.order_by_rows, "descending")) return;
    std::vector<std::tuple<int64_t, size_t, relational::TableId>> ranked;
    for (auto& id : tables_) {
        int64_t count = 0;
        for (const auto& row : connection.rows(format("SHOW TABLE STATUS IN {} LIKE {}", quote_name(id.database),
                                                      quote_text(replace_all(id.table, "_", "\\_")))))
            if (row[0] == id.table && row.size() > 4) count = parse_int(row[4].value_or("")).value_or(0);
        ranked.emplace_back(ascending ? count : -count, ranked.size(), id);
    }
    std::sort(ranked.begin(), ranked.end());
    tables_.clear();
    for (auto& [count, place, id] : ranked) tables_.push_back(id);
}

void SnapshotStructure::read(Connection& view) {
    structure_.clear();
    for (const auto& database : databases_) {
        Database read;
        read.name = database;
        const auto charset = view.rows(
            format("SELECT default_character_set_name, default_collation_name FROM information_schema.schemata "
                   "WHERE schema_name = {}",
                   quote_text(database)));
        if (!charset.empty()) {
            read.charset = charset[0][0].value_or("");
            read.collation = charset[0][1].value_or("");
        }
        for (const auto& id : all_) {
            if (id.database != database) continue;
            const auto rows = view.rows("SHOW CREATE TABLE " + quote_table(id.database, id.table));
            if (!rows.empty() && rows[0].size() > 1) read.tables.emplace_back(id, rows[0][1].value_or(""));
        }
        const bool empty_too = !options_.on_demand && schema_.filters().captures_namespace(database);
        if (!read.tables.empty() || empty_too) structure_.push_back(std::move(read));
    }
}

bool SnapshotStructure::is_of(const SnapshotView& opened) {
    BinlogOffset place;
    place.file = opened.file;
    place.position = opened.position;
    const auto statement = server_tables_.ddl_behind(
        place, [](const ddl::DdlResult& result) { return !result.events.empty() || !result.touched.empty(); });
    if (statement)
        info(
            format("The structure changed while it was read ({}); the view is opened again", statement->substr(0, 80)));
    return !statement;
}

void SnapshotStructure::leave_out_changed() {
    for (auto& database : structure_) {
        std::erase_if(database.tables, [&](const auto& entry) {
            const auto& [id, statement] = entry;
            const auto known = schema_.catalog().tables.find(id);
            const auto now = server_tables_.parse(id, statement);
            if (known != schema_.catalog().tables.end() && now && known->second.columns.size() == now->columns.size() &&
                std::equal(known->second.columns.begin(), known->second.columns.end(), now->columns.begin(),
                           [](const auto& a, const auto& b) { return a.name == b.name && a.type_name == b.type_name; }))
                return false;
            log::warn(logger_,
                      format("Table {} was altered behind the place that the stream has come to, so it is left out "
                             "of the snapshot; signal it again later",
                             id.dotted()));
            std::erase(tables_, id);
            return true;
        });
    }
}

void SnapshotStructure::persist(engine::RecordQueue& queue, ChangeWriter& writer, const SchemaState::Place& place,
                                const std::string& server_charset, const std::string& server_collation) {
    const auto apply = [&](const std::string& ddl, const std::string& database) {
        auto entry = queue.enter();
        schema_.apply(entry.batch(), writer, ddl, database, 0, place);
    };
    const auto write = [&](const std::string& statement, const std::string& database) {
        auto entry = queue.enter();
        schema_.write_statement(entry.batch(), writer, statement, place, database);
    };
    if (!options_.on_demand) {
        schema_.catalog() = {};
        schema_.catalog().server_charset = canonical_charset(server_charset);
        write(format("SET character_set_server={}, collation_server={}", server_charset, server_collation), {});
    }
    for (const auto& database : structure_)
        for (const auto& [id, ddl] : database.tables)
            apply("DROP TABLE IF EXISTS " + quote_table(id.database, id.table), id.database);
    for (const auto& database : structure_) {
        if (!options_.on_demand) {
            apply("DROP DATABASE IF EXISTS " + quote_name(database.name), database.name);
            apply(format("CREATE DATABASE {} CHARSET {} COLLATE {}", quote_name(database.name), database.charset,
                         database.collation),
                  database.name);
            write("USE " + quote_name(database.name), database.name);
        }
        for (const auto& [id, ddl] : database.tables) apply(ddl, id.database);
    }
}

}  // namespace millrace::binlog
