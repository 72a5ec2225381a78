#include "source/binlog/snapshot.h"

#include <chrono>
#include <utility>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/stoppable_sleep.h"
#include "base/text.h"
#include "source/binlog/table_reader.h"
#include "source/engine/snapshot_figures.h"

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
                   engine::RecordQueue& queue, engine::Notifier& notifier, BinlogOffset& offset)
    : dialect_(dialect),
      options_(std::move(options)),
      schema_(schema),
      writer_(writer),
      queue_(queue),
      notifier_(notifier),
      offset_(offset),
      logger_(dialect.name() + ".snapshot"),
      structure_(dialect, options_.structure, schema, logger_) {}

void Snapshot::info(const std::string& message) const {
    log::info(logger_, message);
}

void Snapshot::notify(const char* type) {
    auto entry = queue_.enter();
    notifier_.initial(entry.batch(), type);
}

/// A topic that cannot be had is better known now than in the middle of the rows.
void Snapshot::check_topics() {
    std::vector<std::string> topics;
    const auto& naming = schema_.options().plan.naming;
    if (schema_.options().publishes_changes) topics.push_back(naming.schema_changes());
    for (const auto& id : structure_.captured()) topics.push_back(naming.data(id));
    queue_.check_topics(topics);
}

void Snapshot::wait_delay(const std::stop_token& stop) const {
    if (options_.delay_ms <= 0) return;
    info(format("The connector will wait for {}ms before taking a snapshot", options_.delay_ms));
    sleep_for(std::chrono::milliseconds(options_.delay_ms), stop);
}

/// snapshot.locking.mode=extended: nothing is written until all rows are read.
void Snapshot::lock_for_long() {
    locker_ = std::make_unique<Connection>(options_.connection);
    locker_->execute(
        format("SET SESSION lock_wait_timeout = {}", std::max<int64_t>(1, options_.view.lock_timeout_ms / 1000)));
    try {
        locker_->execute("FLUSH TABLES WITH READ LOCK");
        options_.view.may_lock = false;  // nothing can move
        options_.figures->holds_global_lock = 1;
        log::warn(logger_, "The global read lock is held until all rows are read (snapshot.locking.mode=extended)");
    } catch (const ServerError& fault) {
        constexpr unsigned kAccessDenied = 1227, kAccessDeniedUser = 1045;
        if (fault.code != kAccessDenied && fault.code != kAccessDeniedUser) throw;
        log::warn(logger_, "The server refuses the global read lock; the captured tables are locked one by one");
        locker_.reset();
    }
}

SnapshotView Snapshot::open_views(const std::stop_token& stop) {
    ViewOptions how = options_.view;
    for (const auto& id : structure_.tables()) how.tables.emplace_back(id.database, id.table);
    std::vector<Connection*> views;
    for (auto& view : views_) views.push_back(view.get());
    SnapshotView opened = dialect_.open_view(views, *control_, options_.connection, how, stop);
    if (opened.views < views_.size()) {
        log::warn(logger_, format("Only {} of snapshot.max.threads={} connections could be given the same view",
                                  opened.views, views_.size()));
        views_.resize(std::max<size_t>(1, opened.views));
    }
    info("Snapshot step 4 - Determining snapshot offset");
    info(format("Read binlog position of {} primary server", dialect_.title()));
    info(format("\t using binlog '{}' at position '{}' and gtid '{}'", opened.file, opened.position, opened.gtids));
    info(format("The view was opened {}; writes were blocked for a total of {}.{:03} ms", opened.method,
                opened.writes_blocked_us / 1000, opened.writes_blocked_us % 1000));
    MILLRACE_FAILPOINT("snapshot.view_open");
    return opened;
}

/// False if it is not the structure that the view shows.
bool Snapshot::read_structure_of(const SnapshotView& opened) {
    info("Snapshot step 5 - Reading structure of captured tables");
    if (opened.holds_table_locks) {  // a session sees the tables that it has locked and no others
        structure_.read(*control_);
        return true;
    }
    Connection& view = *views_[0];
    view.execute("SAVEPOINT millrace");
    bool whole = true;
    try {
        structure_.read(view);
    } catch (const ServerError& fault) {
        constexpr unsigned kNoSuchTable = 1146, kDefinitionChanged = 1412;
        if (fault.code != kNoSuchTable && fault.code != kDefinitionChanged) throw;
        whole = false;
    }
    view.execute("ROLLBACK TO SAVEPOINT millrace");
    return whole && structure_.is_of(opened);
}

void Snapshot::set_offset(const SnapshotView& opened) {
    auto entry = queue_.enter();
    place_.ts_us = now_ms() / 1000 * 1'000'000;
    if (options_.is_blocking) {  // the place in the log stays where it is
        place_.file = options_.place.file;
        place_.position = options_.place.position;
        place_.server_id = options_.place.server_id;
        place_.gtid = options_.place.gtid;
        place_.thread = options_.place.thread;
        return;
    }
    const std::string lists = std::exchange(offset_.lists, {});
    offset_ = {};
    offset_.lists = lists;
    offset_.ts_sec = place_.ts_us / 1'000'000;
    offset_.file = place_.file = opened.file;
    offset_.position = place_.position = opened.position;
    offset_.gtids = opened.gtids;
    offset_.in_snapshot = true;
    if (options_.history_offset) offset_ = *options_.history_offset;
}

void Snapshot::persist_structure(const std::string& server_charset, const std::string& server_collation) {
    info("Snapshot step 6 - Persisting schema history");
    SchemaState::Place place;
    place.info.ts_us = place_.ts_us;
    place.info.snapshot = "true";
    place.info.file = place_.file;
    place.info.position = place_.position;
    BinlogOffset position = offset_.history_position();
    position.incremental = {};
    position.in_snapshot = true;
    position.server_id.reset();
    if (!options_.history_offset) position.events_to_skip = position.rows_to_skip = 0;
    place.position_json = position.to_json();
    place.text = format("{}:{}", offset_.file, offset_.position);
    structure_.persist(queue_, writer_, place, server_charset, server_collation);
    MILLRACE_FAILPOINT("snapshot.history_written");
}

void Snapshot::read_data(const std::stop_token& stop) {
    info("Snapshot step 7 - Snapshotting data");
    info(format("Snapshotting contents of {} tables while still in transaction", structure_.tables().size()));
    const int64_t started = steady_ms();
    engine::SnapshotRows::Options how = options_.rows;
    how.logger = logger_;
    how.tell_source = [this](auto& text, const auto& table, auto marker) {
        place_.tell(text, writer_.head(), table, marker);
    };
    std::vector<std::unique_ptr<TableReader>> tables;
    std::vector<engine::RowReader*> readers;
    for (auto& view : views_) {
        tables.push_back(std::make_unique<TableReader>(*view, !holds_table_locks_, schema_));
        readers.push_back(tables.back().get());
    }
    engine::SnapshotRows rows(std::move(how), writer_, queue_, notifier_, offset_.progress);
    rows_read_ = rows.read(readers, structure_.tables(), structure_.captured(), stop);
    options_.figures->snapshot_rows = rows_read_;
    info(format("Finished snapshot of {} tables, {} rows in {}", structure_.tables().size(), rows_read_,
                duration_text(steady_ms() - started)));
}

void Snapshot::run(const std::stop_token& stop) {
    engine::SnapshotFigures figures(*options_.figures);
    if (take(stop)) figures.complete();
}

/// False if it was stopped.
bool Snapshot::take(const std::stop_token& stop) {
    const int64_t started = steady_ms();
    wait_delay(stop);
    info("Snapshot step 1 - Preparing");
    notify("STARTED");
    const size_t threads = options_.with_data ? std::max<size_t>(1, options_.threads) : 1;
    control_ = std::make_unique<Connection>(options_.connection);
    control_->execute("SET NAMES utf8mb4");
    while (views_.size() < threads) {
        auto& view = views_.emplace_back(std::make_unique<Connection>(options_.connection));
        prepare_for_reading(*view);
    }
    const auto charset = control_->rows("SELECT @@GLOBAL.character_set_server, @@GLOBAL.collation_server");
    for (int64_t attempt = 1;; ++attempt) {
        info("Snapshot step 2 - Determining captured tables");
        structure_.determine(*control_);
        info(format("Captured tables: {}", listed(structure_.tables())));
        if (attempt == 1) check_topics();
        info(format("Snapshot step 3 - Locking captured tables {}", listed(structure_.tables())));
        if (options_.holds_lock && attempt == 1) lock_for_long();
        const SnapshotView opened = open_views(stop);
        set_offset(opened);
        holds_table_locks_ = opened.holds_table_locks;
        if (!options_.with_structure || read_structure_of(opened)) break;
        for (auto& view : views_) view->execute("ROLLBACK");
        if (attempt >= options_.structure_tries)
            throw RetriableError(format(
                "Tables were altered during each of {} attempts to read their structure; the snapshot is tried again",
                attempt));
    }
    if (!options_.history_offset && !options_.is_blocking) options_.started();
    if (options_.is_blocking) structure_.leave_out_changed();
    if (options_.with_structure) persist_structure(charset[0][0].value_or("utf8mb4"), charset[0][1].value_or(""));
    if (options_.with_data)
        read_data(stop);
    else
        info("Snapshot step 7 - Skipping snapshotting of data");
    if (stop.stop_requested()) return false;
    for (auto& view : views_) view->execute(holds_table_locks_ ? "UNLOCK TABLES" : "ROLLBACK");
    locker_.reset();
    queue_.flush();
    MILLRACE_FAILPOINT("snapshot.before_completion");
    {
        auto entry = queue_.enter();
        if (!options_.is_blocking) offset_.in_snapshot = false;
        offset_.progress = {};
        notifier_.initial(entry.batch(), "COMPLETED");
    }
    queue_.flush();
    MILLRACE_FAILPOINT("snapshot.after_completion");
    info(format("Snapshot completed: {} tables, {} rows in {}", structure_.tables().size(), rows_read_,
                duration_text(steady_ms() - started)));
    return true;
}

}  // namespace millrace::binlog
