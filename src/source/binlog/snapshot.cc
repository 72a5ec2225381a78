#include "source/binlog/snapshot.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/text.h"
#include "events/envelope.h"

namespace millrace::binlog {
namespace {

constexpr size_t kListedNamesMax = 20;

std::string listed(const std::vector<relational::TableId>& tables) {
    std::vector<std::string> names;
    for (const auto& id : tables) {
        if (names.size() == kListedNamesMax) break;
        names.push_back(id.dotted());
    }
    if (tables.size() > kListedNamesMax) names.push_back(format("… {} more", tables.size() - kListedNamesMax));
    return "[" + join(names, ", ") + "]";
}

}  // namespace

Snapshot::Snapshot(const Dialect& dialect, Options options, SchemaState& schema, ChangeWriter& writer,
                   engine::RecordQueue& queue, BinlogOffset& offset)
    : dialect_(dialect),
      options_(std::move(options)),
      schema_(schema),
      writer_(writer),
      queue_(queue),
      offset_(offset),
      logger_(dialect.name() + ".snapshot") {}

void Snapshot::info(const std::string& message) const {
    log::info(logger_, message);
}

void Snapshot::determine_tables(Connection& connection) {
    databases_.clear();
    all_tables_.clear();
    captured_tables_.clear();
    info("Read list of available databases");
    for (const auto& row : connection.rows("SHOW DATABASES"))
        if (const auto name = row[0].value_or(""); !relational::is_builtin_database(name)) databases_.push_back(name);
    std::sort(databases_.begin(), databases_.end());
    info(format("\t list of available databases is: [{}]", join(databases_, ", ")));
    info("Read list of available tables in each database");
    const auto& only_captured = schema_.options();
    for (const auto& database : databases_) {
        if (only_captured.stores_captured_databases_only && !schema_.filters().captures_database(database)) continue;
        for (const auto& row : connection.rows("SHOW FULL TABLES IN " + quote_name(database))) {
            const std::string kind = row.size() > 1 ? row[1].value_or("") : "";
            if (kind != "BASE TABLE" && kind != "SYSTEM VERSIONED") continue;
            const relational::TableId id{database, row[0].value_or("")};
            const bool captured = schema_.filters().captures(id);
            if (captured || !only_captured.stores_captured_tables_only) all_tables_.push_back(id);
            if (captured && (options_.included_tables.empty() || options_.included_tables.match(id.dotted())))
                captured_tables_.push_back(id);
        }
    }
    std::sort(all_tables_.begin(), all_tables_.end(),
              [](const auto& a, const auto& b) { return a.dotted() < b.dotted(); });
    schema_.filters().sort_for_snapshot(captured_tables_);
}

/// A topic that cannot be had is better known now than in the middle of the rows.
void Snapshot::check_topics() {
    std::vector<std::string> topics;
    const auto& naming = schema_.options().plan.naming;
    if (schema_.options().publishes_changes) topics.push_back(naming.schema_changes());
    for (const auto& id : captured_tables_) topics.push_back(naming.data(id));
    queue_.check_topics(topics);
}

void Snapshot::read_structure(Connection& view) {
    structure_.clear();
    for (const auto& database : databases_) {
        DatabaseStructure read;
        read.name = database;
        const auto charset = view.rows(
            format("SELECT default_character_set_name, default_collation_name FROM information_schema.schemata "
                   "WHERE schema_name = {}",
                   quote_text(database)));
        if (!charset.empty()) {
            read.charset = charset[0][0].value_or("");
            read.collation = charset[0][1].value_or("");
        }
        for (const auto& id : all_tables_) {
            if (id.database != database) continue;
            const auto rows = view.rows("SHOW CREATE TABLE " + quote_table(id.database, id.table));
            if (!rows.empty() && rows[0].size() > 1) read.tables.emplace_back(id, rows[0][1].value_or(""));
        }
        if (!read.tables.empty() || schema_.filters().captures_database(database))
            structure_.push_back(std::move(read));
    }
}

/// The structure was read after the view was opened. It is that of the view unless the log holds a DDL statement
/// since: then false.
bool Snapshot::structure_is_of(const SnapshotView& opened) {
    Connection control(options_.connection);
    const BinlogOffset end = dialect_.log_end(control);
    if (end.file == opened.file && end.position == opened.position) return true;
    DumpRequest request;
    request.server_id = options_.server_id;
    request.file = opened.file;
    request.position = opened.position;
    request.non_blocking = true;
    request.registers = false;
    EventStream stream(options_.connection, request);
    std::string unpacked;
    while (const auto event = stream.next()) {
        const bool compressed = event->header.type == EventType::QueryCompressed;
        if (!compressed && event->header.type != EventType::Query) continue;
        const auto query = parse_query(event->body, compressed, unpacked);
        if (!query) throw FatalError(format("A QUERY event at {}:{} is damaged", stream.file(), event->start));
        ddl::Catalog scratch = schema_.catalog();
        const auto result =
            ddl::apply_ddl(scratch, query->statement,
                           {dialect_.server(), std::string(query->database), query->sql_mode.value_or(0), false});
        if (!result.events.empty() || !result.touched.empty()) {
            info(format("The structure changed while it was read ({}); the view is opened again",
                        query->statement.substr(0, 80)));
            return false;
        }
        if (stream.file() == end.file && event->end >= end.position) break;
    }
    return true;
}

void Snapshot::persist_structure(const std::string& server_charset, const std::string& server_collation) {
    SchemaState::Place place;
    place.info.ts_us = offset_.ts_sec * 1'000'000;
    place.info.snapshot = "true";
    place.info.file = offset_.file;
    place.info.position = offset_.position;
    BinlogOffset position = offset_;
    if (options_.history_offset) {
        position.in_snapshot = true;
        position.server_id.reset();
    }
    place.position_json = position.to_json();
    place.text = format("{}:{}", offset_.file, offset_.position);
    auto& catalog = schema_.catalog();
    catalog = {};
    catalog.server_charset = canonical_charset(server_charset);

    const auto apply = [&](const std::string& ddl, const std::string& database) {
        auto entry = queue_.enter();
        schema_.apply(entry.batch(), writer_, ddl, database, 0, place);
    };
    {
        auto entry = queue_.enter();
        schema_.write_statement(
            entry.batch(), writer_,
            format("SET character_set_server={}, collation_server={}", server_charset, server_collation), place);
    }
    for (const auto& database : structure_)
        for (const auto& [id, ddl] : database.tables)
            apply("DROP TABLE IF EXISTS " + quote_table(id.database, id.table), id.database);
    for (const auto& database : structure_) {
        apply("DROP DATABASE IF EXISTS " + quote_name(database.name), database.name);
        apply(format("CREATE DATABASE {} CHARSET {} COLLATE {}", quote_name(database.name), database.charset,
                     database.collation),
              database.name);
        {
            auto entry = queue_.enter();
            schema_.write_statement(entry.batch(), writer_, "USE " + quote_name(database.name), place, database.name);
        }
        for (const auto& [id, ddl] : database.tables) apply(ddl, id.database);
    }
}

void Snapshot::emit_pending(std::string_view marker) {
    auto entry = queue_.enter();
    SourceInfo source;
    source.ts_us = offset_.ts_sec * 1'000'000;
    source.snapshot = marker;
    source.database = pending_.plan->id().database;
    source.table = pending_.plan->id().table;
    source.file = offset_.file;
    source.position = offset_.position;
    writer_.write_read(entry.batch(), pending_.plan, pending_.row, pending_.key, source);
    has_pending_ = false;
    MILLRACE_FAILPOINT("snapshot.row");
}

int64_t Snapshot::read_table(Connection& view, const relational::TableId& id, size_t number, size_t total,
                             const std::stop_token& stop) {
    const auto plan = schema_.plan(id);
    std::vector<std::string> columns;
    for (const auto& name : plan->selected_columns()) columns.push_back(quote_name(name));
    const std::string select =
        format("SELECT {} FROM {}", columns.empty() ? "1" : join(columns, ", "), quote_table(id.database, id.table));
    info(format("Exporting data from table '{}' ({} of {} tables)", id.dotted(), number, total));
    info(format("\t For table '{}' using select statement: '{}'", id.dotted(), select));
    const int64_t started = steady_ms();
    int64_t last_progress = started;
    int64_t rows = 0;
    KeyPlaces places;
    std::string row_text;
    std::string key_text;
    view.stream(select, [&](const TextRow& row) {
        row_text.clear();
        plan->append_text_row(row_text, row.values, row.lengths, places);
        key_text.clear();
        if (plan->has_key()) {
            const size_t row_end = row_text.size();
            plan->append_key(row_text, places);
            key_text.assign(row_text, row_end);
            row_text.resize(row_end);
        }
        // Whatever is held back has a successor, so it is not the last.
        if (has_pending_) {
            emit_pending(pending_.is_first            ? "first"
                         : pending_.is_last_of_table  ? "last_in_data_collection"
                         : pending_.is_first_of_table ? "first_in_data_collection"
                                                      : "true");
        }
        pending_.plan = plan;
        pending_.is_first_of_table = rows == 0;
        pending_.is_first = rows == 0 && number == 1;  // if the first table is empty, no row is the first
        pending_.is_last_of_table = false;
        std::swap(pending_.row, row_text);
        std::swap(pending_.key, key_text);
        has_pending_ = true;
        ++rows;
        if ((rows & 1023) != 0) return true;
        options_.figures->snapshot_rows = rows_read_ + rows;
        if (steady_ms() - last_progress >= options_.progress_interval_ms) {
            last_progress = steady_ms();
            info(format("\t Exported {} records for table '{}' after {}", rows, id.dotted(),
                        duration_text(last_progress - started)));
        }
        return !stop.stop_requested();
    });
    if (rows > 0) pending_.is_last_of_table = true;
    info(format("\t Finished exporting {} records for table '{}' ({} of {} tables); total duration '{}'", rows,
                id.dotted(), number, total, duration_text(steady_ms() - started)));
    return rows;
}

void Snapshot::read_data(Connection& view, const std::stop_token& stop) {
    info(format("Snapshotting contents of {} tables while still in transaction", captured_tables_.size()));
    const int64_t started = steady_ms();
    size_t number = 0;
    queue_.set_bulk(true);
    options_.figures->tables_total = static_cast<int64_t>(captured_tables_.size());
    options_.figures->tables_left = static_cast<int64_t>(captured_tables_.size());
    for (const auto& id : captured_tables_) {
        if (!holds_table_locks_) view.execute("SAVEPOINT millrace");
        rows_read_ += read_table(view, id, ++number, captured_tables_.size(), stop);
        options_.figures->snapshot_rows = rows_read_;
        if (stop.stop_requested()) return;
        --options_.figures->tables_left;
        if (!holds_table_locks_)
            view.execute("ROLLBACK TO SAVEPOINT millrace");  // lets ALTER TABLE on what is read pass
    }
    if (has_pending_) emit_pending("last");
    queue_.set_bulk(false);
    info(format("Finished snapshot of {} tables, {} rows in {}", captured_tables_.size(), rows_read_,
                duration_text(steady_ms() - started)));
}

void Snapshot::run(const std::stop_token& stop) {
    auto& figures = *options_.figures;
    figures.snapshot_started_ms = now_ms();
    figures.snapshot_rows = 0;
    figures.snapshot_completed = figures.snapshot_aborted = 0;
    figures.snapshot_runs = 1;
    bool is_complete = false;
    try {
        is_complete = take(stop);
    } catch (...) {
        end(false);
        throw;
    }
    end(is_complete);
}

void Snapshot::end(bool is_complete) {
    auto& figures = *options_.figures;
    figures.snapshot_ended_ms = now_ms();
    figures.snapshot_runs = 0;
    (is_complete ? figures.snapshot_completed : figures.snapshot_aborted) = 1;
}

/// False if it is not the structure that the view shows.
bool Snapshot::read_structure_of(const SnapshotView& opened, Connection& view, Connection& control) {
    info("Snapshot step 5 - Reading structure of captured tables");
    if (holds_table_locks_) {  // a session sees the tables that it has locked and no others
        read_structure(control);
        return true;
    }
    view.execute("SAVEPOINT millrace");
    bool whole = true;
    try {
        read_structure(view);
    } catch (const ServerError& fault) {
        constexpr unsigned kNoSuchTable = 1146, kDefinitionChanged = 1412;
        if (fault.code != kNoSuchTable && fault.code != kDefinitionChanged) throw;
        whole = false;
    }
    view.execute("ROLLBACK TO SAVEPOINT millrace");
    return whole && structure_is_of(opened);
}

/// False if it was stopped.
bool Snapshot::take(const std::stop_token& stop) {
    const int64_t started = steady_ms();
    if (options_.delay_ms > 0) {
        info(format("The connector will wait for {}ms before taking a snapshot", options_.delay_ms));
        for (int64_t waited = 0; waited < options_.delay_ms && !stop.stop_requested(); waited += 100)
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    info("Snapshot step 1 - Preparing");
    Connection view(options_.connection);
    Connection control(options_.connection);
    for (auto* connection : {&view, &control}) connection->execute("SET NAMES utf8mb4");
    view.execute("SET SESSION time_zone = '+00:00', wait_timeout = 31536000, net_write_timeout = 31536000");
    const auto charset = control.rows("SELECT @@GLOBAL.character_set_server, @@GLOBAL.collation_server");

    for (int64_t attempt = 1;; ++attempt) {
        info("Snapshot step 2 - Determining captured tables");
        determine_tables(control);
        info(format("Captured tables: {}", listed(captured_tables_)));
        if (attempt == 1) check_topics();
        info(format("Snapshot step 3 - Locking captured tables {}", listed(captured_tables_)));
        ViewOptions how = options_.view;
        for (const auto& id : captured_tables_) how.tables.emplace_back(id.database, id.table);
        const SnapshotView opened = dialect_.open_view(view, control, options_.connection, how, stop);
        info("Snapshot step 4 - Determining snapshot offset");
        info(format("Read binlog position of {} primary server", dialect_.title()));
        info(format("\t using binlog '{}' at position '{}' and gtid '{}'", opened.file, opened.position, opened.gtids));
        info(format("The view was opened {}; writes were blocked for a total of {}.{:03} ms", opened.method,
                    opened.writes_blocked_us / 1000, opened.writes_blocked_us % 1000));
        MILLRACE_FAILPOINT("snapshot.view_open");
        {
            auto entry = queue_.enter();
            offset_ = {};
            offset_.ts_sec = now_ms() / 1000;
            offset_.file = opened.file;
            offset_.position = opened.position;
            offset_.gtids = opened.gtids;
            offset_.in_snapshot = true;
            if (options_.history_offset) offset_ = *options_.history_offset;
        }
        holds_table_locks_ = opened.holds_table_locks;
        if (!options_.with_structure || read_structure_of(opened, view, control)) break;
        view.execute("ROLLBACK");
        if (attempt >= options_.structure_tries)
            throw RetriableError(format(
                "Tables were altered during each of {} attempts to read their structure; the snapshot is tried again",
                attempt));
    }
    if (!options_.history_offset) options_.started();
    if (options_.with_structure) {
        info("Snapshot step 6 - Persisting schema history");
        persist_structure(charset[0][0].value_or("utf8mb4"), charset[0][1].value_or(""));
        MILLRACE_FAILPOINT("snapshot.history_written");
    }
    if (options_.with_data) {
        info("Snapshot step 7 - Snapshotting data");
        read_data(view, stop);
    } else {
        info("Snapshot step 7 - Skipping snapshotting of data");
    }
    if (stop.stop_requested()) return false;
    view.execute(holds_table_locks_ ? "UNLOCK TABLES" : "ROLLBACK");
    queue_.flush();
    MILLRACE_FAILPOINT("snapshot.before_completion");
    {
        auto entry = queue_.enter();
        offset_.in_snapshot = false;
    }
    queue_.flush();
    MILLRACE_FAILPOINT("snapshot.after_completion");
    info(format("Snapshot completed: {} tables, {} rows in {}", captured_tables_.size(), rows_read_,
                duration_text(steady_ms() - started)));
    return true;
}

}  // namespace millrace::binlog
