#include "source/postgres/snapshot.h"

#include <chrono>
#include <utility>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/stoppable_sleep.h"
#include "base/text.h"
#include "source/engine/snapshot_figures.h"
#include "source/postgres/source_info.h"
#include "source/postgres/table_reader.h"

namespace millrace::postgres {

Snapshot::Snapshot(Options options, SchemaState& schema, engine::ChangeWriter& writer, engine::RecordQueue& queue,
                   engine::Notifier& notifier, PostgresOffset& offset)
    : options_(std::move(options)),
      schema_(schema),
      writer_(writer),
      queue_(queue),
      notifier_(notifier),
      offset_(offset) {}

void Snapshot::info(const std::string& message) const {
    log::info(options_.logger, message);
}

void Snapshot::notify(const char* type) {
    auto entry = queue_.enter();
    notifier_.initial(entry.batch(), type);
}

/// A slot's place and its exported snapshot belong together. Where the slot that streaming reads is there already, a
/// temporary one gives such a pair; streaming then begins at that place.
void Snapshot::open_views() {
    std::string snapshot;
    auto& first = *views_.emplace_back(std::make_unique<Connection>(options_.connection));
    if (!options_.slot.empty()) {
        exporter_ = std::make_unique<Connection>(options_.connection, Connection::Kind::Replication);
        const bool is_there = find_slot(first, options_.slot).has_value();
        const std::string name = is_there ? format("{}_{}", options_.slot.substr(0, 40), now_ms()) : options_.slot;
        const NewSlot slot = create_slot(*exporter_, name, is_there, options_.is_failover && !is_there);
        MILLRACE_FAILPOINT("snapshot.slot_created");
        place_ = slot.consistent;
        snapshot = slot.snapshot;
    }
    first.execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
    if (!snapshot.empty()) first.execute("SET TRANSACTION SNAPSHOT " + quote_text(snapshot));
    if (snapshot.empty()) {
        place_ = Lsn::from_text(first
                                    .value("SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN "
                                           "pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() "
                                           "END")
                                    .value_or(""))
                     .value_or(Lsn{});
        if (options_.threads > 1) snapshot = first.value("SELECT pg_catalog.pg_export_snapshot()").value_or("");
    }
    const auto xid = first.value(
        "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 0 ELSE pg_catalog.txid_current() % 4294967296 END");
    if (xid) xid_ = static_cast<uint32_t>(parse_int(*xid).value_or(0));
    while (options_.with_data && views_.size() < options_.threads) {
        auto& view = *views_.emplace_back(std::make_unique<Connection>(options_.connection));
        view.execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
        view.execute("SET TRANSACTION SNAPSHOT " + quote_text(snapshot));
    }
}

void Snapshot::lock_tables() {
    if (!options_.locks) return;
    auto& view = *views_.front();
    view.execute(format("SET lock_timeout = {}", options_.lock_timeout_ms));
    for (const auto& id : captured_)
        view.execute("LOCK TABLE " + quote_table(id.database, id.table) + " IN ACCESS SHARE MODE");
}

void Snapshot::read_structure() {
    Catalog catalog(*views_.front(), schema_.types());
    for (const auto& id : captured_)
        if (auto table = catalog.read(id)) schema_.learn(std::move(*table));
    for (const auto& id : captured_)
        if (!schema_.filters().is_signal_table(id) &&
            (options_.included.empty() || options_.included.match(id.dotted())))
            tables_.push_back(id);
}

void Snapshot::set_offset() {
    auto entry = queue_.enter();
    begun_us_ = now_ns() / 1000;
    if (options_.on_demand) return;
    const std::string lists = std::exchange(offset_.lists, {});
    offset_ = {};
    offset_.lists = lists;
    offset_.lsn = place_;
    offset_.xid = xid_;
    offset_.ts_us = begun_us_;
    offset_.in_snapshot = options_.with_data;
}

void Snapshot::tell_source(engine::ChangeWriter::SourceText& text, const relational::TableId& table,
                           std::string_view marker) const {
    SourceInfo source;
    source.ts_us = begun_us_;
    source.snapshot = marker;
    source.database = options_.connection.database;
    source.schema = table.database;
    source.table = table.table;
    source.lsn = place_;
    source.xid = xid_;
    append_source(text.before_row, writer_.head(), source);
}

void Snapshot::read_data(const std::stop_token& stop) {
    info(format("Snapshotting contents of {} tables as of {}", tables_.size(), place_.text()));
    engine::SnapshotRows::Options how = options_.rows;
    how.logger = options_.logger;
    how.tell_source = [this](auto& text, const auto& table, auto marker) { tell_source(text, table, marker); };
    std::vector<std::unique_ptr<TableReader>> readers;
    std::vector<engine::RowReader*> all;
    for (auto& view : views_) {
        readers.push_back(std::make_unique<TableReader>(*view, schema_));
        all.push_back(readers.back().get());
    }
    engine::SnapshotRows rows(std::move(how), writer_, queue_, notifier_, offset_.progress);
    rows_read_ = rows.read(all, tables_, captured_, stop);
    options_.figures->snapshot_rows = rows_read_;
}

void Snapshot::run(const std::stop_token& stop) {
    engine::SnapshotFigures figures(*options_.figures);
    if (take(stop)) figures.complete();
}

/// False if it was stopped.
bool Snapshot::take(const std::stop_token& stop) {
    const int64_t started = steady_ms();
    if (options_.delay_ms > 0) sleep_for(std::chrono::milliseconds(options_.delay_ms), stop);
    if (stop.stop_requested()) return false;
    if (options_.with_data) notify("STARTED");
    open_views();
    Catalog catalog(*views_.front(), schema_.types());
    captured_ = captured_tables(catalog, schema_.filters());
    if (options_.on_demand)
        std::erase_if(captured_, [&](const auto& id) { return !options_.on_demand->match(id.dotted()); });
    lock_tables();
    read_structure();
    std::vector<std::string> names;
    for (const auto& id : tables_) names.push_back(id.dotted());
    info(format("Captured tables: {}", join(names, ", ")));
    if (options_.with_data) {
        std::vector<std::string> topics;
        for (const auto& id : tables_) topics.push_back(schema_.plan(id)->topic());
        queue_.check_topics(topics);
    }
    set_offset();
    if (!options_.on_demand) options_.started();
    if (options_.with_data) read_data(stop);
    if (stop.stop_requested()) return false;
    for (auto& view : views_) view->execute("COMMIT");
    queue_.flush();
    MILLRACE_FAILPOINT("snapshot.before_completion");
    {
        auto entry = queue_.enter();
        if (!options_.on_demand) {
            offset_.in_snapshot = false;
            offset_.progress = {};
        }
        if (options_.with_data) notifier_.initial(entry.batch(), "COMPLETED");
    }
    queue_.flush();
    MILLRACE_FAILPOINT("snapshot.after_completion");
    info(format("Snapshot completed: {} tables, {} rows in {}", tables_.size(), rows_read_,
                duration_text(steady_ms() - started)));
    return true;
}

}  // namespace millrace::postgres
