#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/settings.h"

struct pg_conn;

namespace millrace::postgres {

/// How a server is reached.
struct ConnectionOptions {
    std::string host;
    std::string port = "5432";
    std::string user, password, database;
    /// Further parameters of libpq by its names (sslmode, sslrootcert …).
    std::vector<std::pair<std::string, std::string>> parameters;
    std::string initial_statements;  ///< database.initial.statements
    std::string application;         ///< application_name, as pg_stat_activity shows it.

    /// From `database.*`. Throws ConfigError.
    static ConnectionOptions from(const config::Settings& settings);
};

/// The server's error as it reports it, or the connection's (`state` is empty then).
struct ServerError : std::exception {
    std::string state;  ///< SQLSTATE, five characters.
    std::string message;
    const char* what() const noexcept override { return message.c_str(); }
};

/// Is this an error that may pass (connection lost, server starting or stopping, lock not available)?
bool is_retriable(const ServerError& fault);

/// One row of a result in the text format, valid until the next is read.
struct TextRow {
    const char* const* values = nullptr;  ///< nullptr: NULL.
    const int* lengths = nullptr;
    int columns = 0;
};

/// A client connection, by libpq. Its session gives values in one form whatever the server's settings: UTF-8, UTC, ISO
/// dates, hexadecimal bytea. Used by one thread; shut_down() alone may be called from another.
class Connection {
  public:
    enum class Kind { Sql, Replication };
    /// Throws RetriableError (server away) or FatalError (refused), naming host, port, user and database.
    explicit Connection(const ConnectionOptions& options, Kind kind = Kind::Sql);
    ~Connection();
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;

    int server_version() const;  ///< 150004 for 15.4.
    bool is_alive();

    /// Runs statements whose result does not matter. All of these throw ServerError.
    void execute(const std::string& sql);
    using Strings = std::vector<std::optional<std::string>>;
    std::vector<Strings> rows(const std::string& sql);
    /// The first column of the first row; nothing if there is no row or it is NULL.
    std::optional<std::string> value(const std::string& sql);
    /// Streams a result row by row; `names` is called with the columns' names first. Ends early when `each` returns
    /// false: the rest is cancelled.
    void stream(const std::string& sql, const std::function<void(const std::vector<std::string>&)>& names,
                const std::function<bool(const TextRow&)>& each);

    /// Begins a COPY BOTH (START_REPLICATION).
    void start_copy(const std::string& command);
    /// The next message of it; nothing when `timeout_ms` have passed without one, or shut_down() was called. Valid
    /// until the next call. Throws ServerError, also when the server ends the stream.
    std::optional<std::string_view> read_copy(int timeout_ms);
    void write_copy(std::string_view message);

    /// Makes a blocked read_copy() return. From any thread.
    void shut_down();
    bool is_shut_down() const;

  private:
    struct Close {
        void operator()(pg_conn* handle) const;
    };
    struct FreeMemory {
        void operator()(char* memory) const;
    };
    struct Wake;
    [[noreturn]] void fail();
    std::optional<std::string_view> take_copy();

    std::unique_ptr<pg_conn, Close> handle_;
    std::unique_ptr<char, FreeMemory> copied_;  ///< The message that was read last.
    std::unique_ptr<Wake> wake_;
};

/// "text" with quotes doubled.
std::string quote_name(std::string_view text);
/// "schema"."table"
std::string quote_table(std::string_view schema, std::string_view table);
/// 'text', as standard_conforming_strings reads it.
std::string quote_text(std::string_view text);

}  // namespace millrace::postgres
