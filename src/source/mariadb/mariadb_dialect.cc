#include "source/mariadb/mariadb_dialect.h"

#include <chrono>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/stoppable_sleep.h"
#include "base/text.h"

namespace millrace::mariadb {

using binlog::BinlogOffset;
using binlog::Connection;
using binlog::SnapshotView;

namespace {

/// The place in the log that a session's consistent snapshot stands at.
SnapshotView place_of(Connection& view) {
    SnapshotView opened;
    for (const auto& row : view.rows("SHOW STATUS LIKE 'binlog_snapshot_%'")) {
        if (iequals(row[0].value_or(""), "Binlog_snapshot_file")) opened.file = row[1].value_or("");
        if (iequals(row[0].value_or(""), "Binlog_snapshot_position"))
            opened.position = static_cast<uint64_t>(parse_int(row[1].value_or("")).value_or(0));
    }
    return opened;
}

/// Opens a consistent snapshot on each. Are all of the same place?
bool open_all(const std::vector<Connection*>& views, SnapshotView& opened) {
    bool is_same = true;
    for (auto* view : views) {
        view->execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
        const SnapshotView place = place_of(*view);
        if (view == views[0])
            opened = place;
        else
            is_same &= place.file == opened.file && place.position == opened.position;
    }
    opened.views = is_same ? views.size() : 1;
    return is_same;
}

/// Several sessions get the same snapshot while nothing commits: by luck, or under a lock that gives itself up after a
/// few ms, so that it never keeps writers waiting behind a long statement.
bool open_together(const std::vector<Connection*>& views, Connection& control, const binlog::ViewOptions& how,
                   SnapshotView& opened, const std::stop_token& stop) {
    for (int64_t i = 0; i < how.unlocked_tries && !stop.stop_requested(); ++i)
        if (open_all(views, opened)) return true;
    if (!how.may_lock) return false;
    const int64_t deadline = steady_ms() + how.lock_timeout_ms;
    const std::string lock = format("SET STATEMENT max_statement_time={}.{:03} FOR FLUSH TABLES WITH READ LOCK",
                                    how.lock_wait_ms / 1000, how.lock_wait_ms % 1000);
    while (steady_ms() < deadline && !stop.stop_requested()) {
        const int64_t began_us = now_ns() / 1000;
        bool is_same = false;
        try {
            control.execute(lock);
            is_same = open_all(views, opened);
        } catch (const binlog::ServerError& fault) {
            log::debug("mariadb.snapshot", fault.message);  // not granted in time, or not at all
        }
        control.execute("UNLOCK TABLES");
        opened.writes_blocked_us = now_ns() / 1000 - began_us;
        opened.method = "under FLUSH TABLES WITH READ LOCK";
        if (is_same) return true;
        sleep_for(std::chrono::milliseconds(how.lock_wait_ms * 10), stop);
    }
    return false;
}

}  // namespace

SnapshotView MariaDbDialect::open_view(const std::vector<Connection*>& views, Connection& control,
                                       const binlog::ConnectionOptions&, const binlog::ViewOptions& how,
                                       const std::stop_token& stop) const {
    for (auto* view : views) view->execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    SnapshotView opened;
    opened.method = "without a lock";
    if (views.size() == 1 || !open_together(views, control, how, opened, stop)) open_all({views[0]}, opened);
    if (opened.method.empty()) opened.method = "without a lock";
    if (opened.file.empty())
        throw FatalError("The server writes no binary log; start it with --log-bin and --binlog-format=ROW");
    opened.gtids =
        views[0]->value(format("SELECT BINLOG_GTID_POS({}, {})", binlog::quote_text(opened.file), opened.position));
    return opened;
}

BinlogOffset MariaDbDialect::log_end(Connection& connection) const {
    const auto rows = connection.rows("SHOW MASTER STATUS");
    if (rows.empty() || rows[0].size() < 2 || !rows[0][0])
        throw FatalError("The server writes no binary log; start it with --log-bin and --binlog-format=ROW");
    BinlogOffset offset;
    offset.file = *rows[0][0];
    offset.position = static_cast<uint64_t>(parse_int(rows[0][1].value_or("0")).value_or(0));
    offset.gtids =
        connection.value(format("SELECT BINLOG_GTID_POS({}, {})", binlog::quote_text(offset.file), offset.position));
    return offset;
}

void MariaDbDialect::aim(binlog::DumpRequest& request, const BinlogOffset& offset, const binlog::GtidFilter&,
                         Connection&) const {
    request.file = offset.file;
    request.position = offset.position;
    if (offset.gtids.empty()) return;
    request.by_gtid = true;
    request.mariadb_gtids = offset.gtids;
    request.position = 4;
}

}  // namespace millrace::mariadb
