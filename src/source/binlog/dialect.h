#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "source/binlog/binlog_offset.h"
#include "source/binlog/connection.h"
#include "source/binlog/event_stream.h"
#include "source/binlog/gtid_filter.h"

namespace millrace::binlog {

/// A consistent view of all tables and the place in the log that it stands at.
struct SnapshotView {
    std::string file;
    uint64_t position = 0;
    std::string gtids;
    int64_t writes_blocked_us = 0;  ///< How long a lock kept others from writing; 0: none was taken.
    std::string method;             ///< For the log: how the view was opened.
    size_t views = 1;               ///< How many of the connections asked for share it.
    /// Table locks are held: the way of managed databases. Released by the snapshot when all rows are read.
    bool holds_table_locks = false;
};

struct ViewOptions {
    bool may_lock = true;              ///< snapshot.locking.mode is not none.
    int64_t lock_timeout_ms = 10'000;  ///< snapshot.lock.timeout.ms
    int64_t lock_wait_ms = 5;          ///< `snapshot.lock.wait.ms`: how long one try may wait (and so block writers).
    int64_t unlocked_tries = 50;       ///< `snapshot.unlocked.tries`: tries without any lock.
    /// snapshot.locking.mode=minimal_percona: Percona Server's backup lock in place of the global read lock;
    /// minimal_percona_no_table_locks: that or none.
    enum class Percona { No, BackupLock, BackupLockOnly };
    Percona percona = Percona::No;
    std::vector<std::pair<std::string, std::string>> tables;  ///< To lock one by one where no global lock is allowed.
};

/// What MySQL and MariaDB do differently. Stateless; safe from any thread.
class Dialect {
  public:
    virtual ~Dialect() = default;
    virtual ddl::Server server() const = 0;
    virtual std::string name() const = 0;   ///< "mysql"
    virtual std::string title() const = 0;  ///< "MySQL"
    virtual TlsMode default_tls() const = 0;

    /// Opens a view on each of `views` (in transactions that stay open), all of the same moment, and finds its place in
    /// the log. `control` is one more connection. If they cannot be given the same view, fewer have it: the first ones.
    /// Throws ServerError, RetriableError, FatalError.
    virtual SnapshotView open_view(const std::vector<Connection*>& views, Connection& control,
                                   const ConnectionOptions& options, const ViewOptions& how,
                                   const std::stop_token& stop) const = 0;

    /// File, position and GTIDs of the log's end now.
    virtual BinlogOffset log_end(Connection& connection) const = 0;

    /// Where to begin a dump for this offset; throws FatalError if the log there is gone. What servers did that
    /// `filter` leaves out may be gone.
    virtual void aim(DumpRequest& request, const BinlogOffset& offset, const GtidFilter& filter,
                     Connection& control) const = 0;
};

}  // namespace millrace::binlog
