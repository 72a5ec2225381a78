#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/postgres/connection.h"
#include "source/postgres/lsn.h"

namespace millrace::postgres {

/// The changes of a slot, as the server sends them (PostgreSQL manual, "Streaming Replication Protocol"). Used by one
/// thread; shut_down() from any.
class ReplicationStream {
  public:
    struct Options {
        ConnectionOptions connection;
        std::string slot, publication;
        std::string further;    ///< slot.stream.params
        bool with_open = true;  ///< Large transactions are sent before they end, where the server can (PostgreSQL 14).
        Lsn from;               ///< Transactions that commit behind it are sent; what was confirmed is not.
        int64_t status_interval_ms = 10'000;
    };
    /// Throws what Connection throws, and ServerError.
    explicit ReplicationStream(const Options& options);

    /// A message of the output plugin.
    struct Data {
        Lsn start;
        std::string_view bytes;
    };
    /// The next one; nothing at a sign of life of the server, or when `timeout_ms` have passed. Tells the server now
    /// and then what it may forget. Throws ServerError.
    std::optional<Data> next(int timeout_ms);
    /// Everything before this place is durable; the server may forget it. Told with the next status.
    void confirm(Lsn durable);
    void send_status();
    /// For those who do not call next() for a while, again and again: the server ends a stream that nobody speaks for
    /// (wal_sender_timeout), and what it asks is not read meanwhile.
    void stay_alive();
    /// How far the server has read its log: no transaction that commits before it is still to come.
    Lsn server_end() const { return server_end_; }
    void shut_down() { connection_.shut_down(); }
    bool is_shut_down() const { return connection_.is_shut_down(); }

  private:
    void send_status_if_due();

    Connection connection_;
    const int64_t status_interval_ms_;
    Lsn confirmed_, server_end_, told_;
    int64_t last_status_ms_ = 0;
    bool is_asked_ = false;  ///< The server wants to hear from us.
};

}  // namespace millrace::postgres
