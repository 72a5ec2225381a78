#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/binlog/binlog_event.h"
#include "source/binlog/connection.h"
#include "source/binlog/gtid_set.h"

namespace millrace::binlog {

/// From where a server is asked to send its log.
struct DumpRequest {
    uint32_t server_id = 0;  ///< As which replica we register.
    std::string file;        ///< Empty with GTIDs.
    uint64_t position = 4;
    bool by_gtid = false;
    GtidSet gtids;                   ///< MySQL: what we have.
    std::string mariadb_gtids;       ///< MariaDB: what we have.
    bool non_blocking = false;       ///< The stream ends where the log ends now.
    bool wants_annotations = false;  ///< MariaDB's ANNOTATE_ROWS.
    int64_t heartbeat_ms = 10'000;
    int64_t net_write_timeout_s = 0;  ///< The server's patience with a slow reader; 0: as it is set there.
    int64_t net_read_timeout_s = 0;
    /// COM_REGISTER_SLAVE, so that SHOW REPLICAS lists us. Without it the dump is a passing look into the log, under
    /// a number of its own.
    bool registers = true;
};

/// One event with its place in the log. Views live until the next call of next().
struct Event {
    EventHeader header;
    std::string_view body;   ///< Behind the header, without checksum.
    uint64_t start = 0;      ///< Position of the event (of its TRANSACTION_PAYLOAD, if it is inside one).
    uint64_t end = 0;        ///< Position behind it.
    bool is_packed = false;  ///< Came out of a TRANSACTION_PAYLOAD.
};

/// A server's binlog as a stream of events: registers as a replica, asks for the dump, checks checksums, follows
/// rotations and positions beyond 4 GB, and unpacks compressed transactions. One thread reads; shut_down() may
/// come from another.
class EventStream {
  public:
    /// Throws ServerError, RetriableError, FatalError.
    EventStream(const ConnectionOptions& options, const DumpRequest& request);

    /// The next event; nothing at the end of a non-blocking dump. ROTATE events are applied to file() before they
    /// are returned. Throws ServerError when the connection breaks, FatalError when bytes are damaged.
    std::optional<Event> next();

    const std::string& file() const { return file_; }
    uint64_t position() const { return position_; }
    void shut_down() { connection_.shut_down(); }
    Connection& connection() { return connection_; }

  private:
    void set_up(const DumpRequest& request);
    void send_dump(const DumpRequest& request);
    Event accept(std::string_view packet);
    std::string_view without_checksum(std::string_view event, const EventHeader& header) const;
    void follow(Event& event);
    void unpack(const Event& event);
    std::optional<Event> next_packed();
    [[noreturn]] void fail(std::string_view cause) const;

    Connection connection_;
    std::string file_;
    uint64_t position_ = 4;         // end of the last event
    uint64_t wanted_position_ = 0;  // events that end at or before it are passed over
    bool has_checksums_ = false;
    std::string unpacked_;
    size_t unpacked_at_ = 0;
    Event packed_in_;
};

}  // namespace millrace::binlog
