#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/stoppable_sleep.h"
#include "base/text.h"
#include "source/mysql/mysql_dialect.h"

/// How MySQL is brought to show all tables as of one place in its log.
///
/// 1. Without a lock, where GTIDs are on: the log's position; nothing may own a GTID (a transaction that is between
///    its place in the log and its commit in the engine); the view; the same position again. What commits in
///    between makes the try void, so under full load few tries hold and the lock must help.
/// 2. FLUSH TABLES WITH READ LOCK around "position, view". A statement that runs for long would make the waiting
///    lock block every writer, so a second connection kills the request after a few ms, and it is tried again, ever
///    more rarely. Even a killed request has flushed the tables, and writers of a table that the long statement
///    reads would wait for its end; so no request is made while performance_schema shows such a statement.
/// 3. Where the global lock is refused (managed databases): LOCK TABLES … READ on the captured tables.
namespace millrace::mysql {
namespace {

using binlog::BinlogOffset;
using binlog::Connection;
using binlog::ConnectionOptions;
using binlog::ServerError;
using binlog::SnapshotView;
using binlog::ViewOptions;

constexpr unsigned kAccessDenied = 1227;      // ER_SPECIFIC_ACCESS_DENIED_ERROR
constexpr unsigned kAccessDeniedUser = 1045;  // ER_ACCESS_DENIED_ERROR
constexpr unsigned kInterrupted = 1317;       // ER_QUERY_INTERRUPTED
constexpr unsigned kLockTimeout = 1205;       // ER_LOCK_WAIT_TIMEOUT
constexpr const char* kOpenView = "START TRANSACTION WITH CONSISTENT SNAPSHOT";

int64_t now_us() {
    return now_ns() / 1000;
}

SnapshotView view_at(const BinlogOffset& offset, std::string method, int64_t blocked_us, size_t views) {
    return {offset.file, offset.position, offset.gtids, blocked_us, std::move(method), views, false};
}

bool same_place(const BinlogOffset& a, const BinlogOffset& b) {
    return a.file == b.file && a.position == b.position && a.gtids == b.gtids;
}

/// A consistent snapshot of InnoDB says nothing of other engines, whose rows may change under it.
bool has_only_innodb(Connection& control, const ViewOptions& how) {
    for (const auto& row : control.rows(
             "SELECT DISTINCT table_schema, table_name FROM information_schema.tables WHERE engine IS NOT NULL AND "
             "engine <> 'InnoDB' AND table_type = 'BASE TABLE' AND table_schema NOT IN "
             "('mysql','sys','performance_schema','information_schema')")) {
        for (const auto& [database, table] : how.tables)
            if (database == row[0].value_or("") && table == row[1].value_or("")) return false;
    }
    return true;
}

bool can_go_unlocked(Connection& control, const ViewOptions& how) {
    return iequals(control.value("SELECT @@GLOBAL.gtid_mode"), "ON") && has_only_innodb(control, how);
}

using Views = std::vector<Connection*>;

void open_all(const Views& views) {
    for (auto* view : views) view->execute(kOpenView);
}

std::optional<SnapshotView> try_unlocked(const MySqlDialect& dialect, const Views& views, Connection& control,
                                         int64_t tries) {
    for (int64_t i = 0; i < tries; ++i) {
        const BinlogOffset before = dialect.log_end(control);
        if (!control.value("SELECT @@GLOBAL.gtid_owned").empty()) continue;
        open_all(views);
        if (same_place(before, dialect.log_end(control)))
            return view_at(before, format("without a lock, at try {}", i + 1), 0, views.size());
        for (auto* view : views) view->execute("ROLLBACK");
    }
    return std::nullopt;
}

/// Kills a lock request that waits for longer than allowed. One request at a time.
class LockKiller {
  public:
    LockKiller(const ConnectionOptions& options, unsigned long victim, int64_t wait_ms)
        : killer_(options),
          victim_(victim),
          wait_ms_(wait_ms),
          thread_([this](const std::stop_token& stop) { run(stop); }) {}

    void arm() {
        const std::lock_guard lock(mutex_);
        armed_ = true;
        killed_ = false;
        changed_.notify_all();
    }
    /// True if the request was killed meanwhile.
    bool disarm() {
        const std::lock_guard lock(mutex_);
        armed_ = false;
        changed_.notify_all();
        return killed_;
    }

  private:
    void run(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            changed_.wait(lock, stop, [&] { return armed_; });
            if (stop.stop_requested()) return;
            changed_.wait_for(lock, stop, std::chrono::milliseconds(wait_ms_), [&] { return !armed_; });
            if (stop.stop_requested() || !armed_) continue;
            // The mutex stays held: disarm() waits, so that no later statement of the victim is hit.
            try {
                killer_.execute(format("KILL QUERY {}", victim_));
                killed_ = true;
            } catch (const ServerError& fault) {
                log::debug("mysql.snapshot", fault.message);  // the request ended by itself meanwhile
            }
            armed_ = false;
        }
    }

    Connection killer_;
    const unsigned long victim_;
    const int64_t wait_ms_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool armed_ = false;
    bool killed_ = false;
    std::jthread thread_;
};

/// A statement that has tables open and has run for longer than `age_ms`, if one is seen. Its tables could not be
/// flushed. Nothing where performance_schema is off or not readable: then only the request itself can tell.
std::optional<std::string> long_statement(Connection& control, int64_t age_ms) {
    try {
        const auto found = control.rows(
            format("SELECT s.SQL_TEXT FROM performance_schema.events_statements_current s WHERE s.END_EVENT_ID IS NULL "
                   "AND s.THREAD_ID <> PS_CURRENT_THREAD_ID() AND s.TIMER_WAIT > {} AND EXISTS (SELECT 1 FROM "
                   "performance_schema.metadata_locks m WHERE "
                   "m.OWNER_THREAD_ID = s.THREAD_ID AND m.OBJECT_TYPE = 'TABLE' AND m.LOCK_STATUS = 'GRANTED') LIMIT 1",
                   age_ms * 1'000'000'000));  // TIMER_WAIT is in ps
        if (found.empty()) return std::nullopt;
        return found[0][0].value_or("").substr(0, 200);
    } catch (const ServerError& fault) {
        log::debug("mysql.snapshot", fault.message);
        return std::nullopt;
    }
}

/// Says, now and then, which statement the lock request waits for.
class LongStatementWatch {
  public:
    LongStatementWatch(Connection& control, int64_t age_ms) : control_(control), age_ms_(age_ms) {}

    bool sees_one() {
        const auto statement = long_statement(control_, age_ms_);
        const int64_t now = steady_ms();
        if (!statement) {
            began_ = say_at_ = 0;
            return false;
        }
        if (began_ == 0) began_ = now;
        if (now >= say_at_) {
            log::warn("mysql.snapshot",
                      format("The global read lock waits, writers do not, until this statement ends ({} s so far): {}",
                             (now - began_) / 1000, *statement));
            say_at_ = now + kSayAgainMs;
        }
        return true;
    }

  private:
    static constexpr int64_t kSayAgainMs = 10'000;

    Connection& control_;
    const int64_t age_ms_;
    int64_t began_ = 0;
    int64_t say_at_ = 0;
};

/// Nothing if the server refuses the lock to this user.
std::optional<SnapshotView> try_global_lock(const MySqlDialect& dialect, const Views& views, Connection& control,
                                            const ConnectionOptions& options, const ViewOptions& how, bool unlocked_too,
                                            const std::stop_token& stop) {
    constexpr int64_t kUnlockedTriesBetween = 5;
    constexpr int64_t kLookAgainMs = 50;
    // The lock and the view are taken on two connections, or opening the view would release the lock.
    Connection locker(options);
    LockKiller killer(options, locker.id(), how.lock_wait_ms);
    int64_t deadline = steady_ms() + how.lock_timeout_ms;
    int64_t pause_ms = how.lock_wait_ms * 10;  // writers go on between requests
    LongStatementWatch watch(control, pause_ms);
    int64_t waited_us = 0;
    for (int64_t requests = 0;;) {
        if (stop.stop_requested()) throw RetriableError("The snapshot was stopped while it waited for its lock");
        if (watch.sees_one()) {
            sleep_for(std::chrono::milliseconds(kLookAgainMs), stop);
            if (unlocked_too)
                if (auto opened = try_unlocked(dialect, views, control, kUnlockedTriesBetween)) return opened;
            deadline = steady_ms() + how.lock_timeout_ms;
            continue;
        }
        const int64_t requested_us = now_us();
        ++requests;
        killer.arm();
        bool granted = true;
        try {
            locker.execute("FLUSH TABLES WITH READ LOCK");
        } catch (const ServerError& fault) {
            killer.disarm();
            if (fault.code == kAccessDenied || fault.code == kAccessDeniedUser) return std::nullopt;
            if (fault.code != kInterrupted && fault.code != kLockTimeout) throw;
            granted = false;
        }
        if (granted) {
            killer.disarm();
            open_all(views);
            const BinlogOffset place = dialect.log_end(locker);
            locker.execute("UNLOCK TABLES");
            return view_at(place, format("under FLUSH TABLES WITH READ LOCK, at request {}", requests),
                           waited_us + now_us() - requested_us, views.size());
        }
        // A request killed while it waits for tables to be closed leaves its session with the lock.
        locker.execute("UNLOCK TABLES");
        waited_us += now_us() - requested_us;
        if (steady_ms() > deadline)
            throw RetriableError(
                format("No global read lock within snapshot.lock.timeout.ms={}: a statement or open transaction keeps "
                       "tables busy. "
                       "The snapshot is tried again",
                       how.lock_timeout_ms));
        sleep_for(std::chrono::milliseconds(pause_ms), stop);
        pause_ms = std::min<int64_t>(pause_ms * 2, 2000);
        if (!unlocked_too) continue;
        if (auto opened = try_unlocked(dialect, views, control, kUnlockedTriesBetween)) return opened;
    }
}

SnapshotView lock_tables(const MySqlDialect& dialect, const Views& views, const ViewOptions& how) {
    Connection& view = *views[0];
    if (how.tables.empty()) {
        open_all(views);
        return view_at(dialect.log_end(view), "without tables to lock", 0, views.size());
    }
    std::vector<std::string> locks;
    for (const auto& [database, table] : how.tables) locks.push_back(binlog::quote_table(database, table) + " READ");
    view.execute(format("SET SESSION lock_wait_timeout = {}", std::max<int64_t>(1, how.lock_timeout_ms / 1000)));
    try {
        view.execute("LOCK TABLES " + join(locks, ", "));
    } catch (const ServerError& fault) {
        throw FatalError(
            format("The server refuses both the global read lock and LOCK TABLES ({}). Grant RELOAD or LOCK TABLES, "
                   "turn GTIDs on, or "
                   "set snapshot.locking.mode=none",
                   fault.message));
    }
    SnapshotView opened = view_at(
        dialect.log_end(view), format("under LOCK TABLES on {} tables, until they are read", how.tables.size()), 0, 1);
    opened.holds_table_locks = true;
    return opened;
}

/// Percona Server: its backup lock keeps DDL and other engines' rows still, and its consistent snapshot tells its place
/// in the log. https://docs.percona.com/percona-server/8.0/backup-locks.html
SnapshotView open_with_backup_lock(const Views& views, Connection& control) {
    try {
        control.execute("LOCK TABLES FOR BACKUP");
    } catch (const ServerError& fault) {
        throw FatalError(
            format("snapshot.locking.mode=minimal_percona needs Percona Server and BACKUP_ADMIN ({}); set "
                   "snapshot.locking.mode=minimal",
                   fault.message));
    }
    views[0]->execute(kOpenView);
    BinlogOffset place;
    for (const auto& row : views[0]->rows("SHOW STATUS LIKE 'binlog_snapshot_%'")) {
        const std::string name = lower(row[0].value_or(""));
        if (name == "binlog_snapshot_file") place.file = row[1].value_or("");
        if (name == "binlog_snapshot_position")
            place.position = static_cast<uint64_t>(parse_int(row[1].value_or("")).value_or(0));
        if (name == "binlog_snapshot_gtid_executed" && row[1].value_or("") != "not-in-consistent-snapshot")
            place.gtids = replace_all(row[1].value_or(""), "\n", "");
    }
    control.execute("UNLOCK TABLES");
    if (place.file.empty())
        throw FatalError("The server does not tell the place of its consistent snapshot in the log");
    return view_at(place, "under LOCK TABLES FOR BACKUP", 0, 1);
}

}  // namespace

SnapshotView MySqlDialect::open_view(const std::vector<Connection*>& views, Connection& control,
                                     const ConnectionOptions& options, const ViewOptions& how,
                                     const std::stop_token& stop) const {
    for (auto* view : views) view->execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    const bool unlocked = can_go_unlocked(control, how);
    if (unlocked)
        if (auto opened = try_unlocked(*this, views, control, how.unlocked_tries)) return *opened;
    if (how.percona != ViewOptions::Percona::No) return open_with_backup_lock(views, control);
    if (!how.may_lock) {
        // The user vouches that nothing writes.
        open_all(views);
        return view_at(log_end(control), "without a lock of its own", 0, views.size());
    }
    if (auto opened = try_global_lock(*this, views, control, options, how, unlocked, stop)) return *opened;
    log::warn("mysql.snapshot",
              "The server refuses the global read lock; the captured tables are locked one by one until they are read");
    return lock_tables(*this, views, how);
}

}  // namespace millrace::mysql
