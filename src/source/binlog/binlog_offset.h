#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/binlog/binlog_event.h"
#include "source/binlog/ddl/lexer.h"
#include "source/binlog/gtid_set.h"
#include "source/engine/offset_state.h"

namespace millrace::binlog {

/// Where to resume: the place at which the transaction that was being read begins (or, between transactions, the
/// place after the last one), and how much of it is done. The map that Debezium keeps in its offsets topic.
struct BinlogOffset : engine::OffsetState {
    int64_t ts_sec = 0;
    std::string file;
    uint64_t position = 0;
    std::string gtids;            ///< Completed transactions; empty without GTIDs.
    uint64_t events_to_skip = 0;  ///< Events of the transaction that are done, its BEGIN included ("event").
    uint64_t rows_to_skip = 0;    ///< Rows that are done of the event after those ("row").
    std::optional<uint32_t> server_id;
    /// Tables without a key that were read later than the rest: their changes up to this place are in what was read.
    std::map<std::string, std::pair<std::string, uint64_t>> read_at;
    /// XA transactions that are prepared and neither committed nor rolled back: xid to "file:position" of their
    /// first event. Millrace's own key, which Debezium passes over.
    std::map<std::string, std::string> prepared_xa;

    std::string to_json() const;
    /// As the schema history's records carry it: without what is Millrace's own, and without the transaction that is
    /// being counted.
    BinlogOffset history_position() const;
    /// Throws FatalError if the text is no offset of this connector.
    static BinlogOffset from_json(std::string_view text);
};

/// Is the place `earlier` at or before `later`? By GTID sets where both have them, otherwise by file and position.
bool is_at_or_before(const BinlogOffset& earlier, const BinlogOffset& later, ddl::Server server);

/// The same of two places on one server.
bool is_at_or_before(std::string_view file, uint64_t position, std::string_view later_file, uint64_t later_position);

/// The GTIDs seen so far on one server's log, of either kind.
class GtidState {
  public:
    GtidState(ddl::Server server, std::string_view completed);

    /// A transaction begins; its id becomes current().
    void begin(const Gtid& gtid);
    void begin(const MariaDbGtid& gtid, uint32_t server_id);
    /// The current transaction is complete.
    void commit();
    const std::string& current() const { return current_; }
    /// The next transaction has no GTID.
    void forget_current() { current_.clear(); }
    /// Of all completed transactions; rebuilt only after a commit.
    const std::string& completed();
    /// The same with the current one.
    std::string completed_with_current() const;
    const GtidSet& set() const { return set_; }

  private:
    ddl::Server server_;
    GtidSet set_;
    MariaDbGtidPosition position_;
    Gtid next_;
    MariaDbGtid mariadb_next_;
    uint32_t mariadb_server_ = 0;
    bool pending_ = false;
    bool stale_ = false;
    std::string current_;
    std::string completed_;
};

}  // namespace millrace::binlog
