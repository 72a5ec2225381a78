#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

struct st_mysql;

namespace millrace::binlog {

enum class TlsMode { Disabled, Preferred, Required, VerifyCa, VerifyIdentity };

struct ConnectionOptions {
    std::string host;
    unsigned port = 3306;
    std::string user;
    std::string password;
    TlsMode tls = TlsMode::Preferred;
    std::string ca_file;           ///< PEM (database.ssl.truststore); empty: the system's certificates.
    std::string certificate_file;  ///< PEM with certificate and key (database.ssl.keystore).
    int64_t connect_timeout_ms = 30'000;
    int64_t read_timeout_ms = 600'000;
    std::string
        initial_statements;  ///< database.initial.statements: separated by ';' ("";;" for one that holds a semicolon).

    /// From `database.*` and `connect.timeout.ms`. Throws ConfigError.
    static ConnectionOptions from(const config::Settings& settings, TlsMode default_tls);
};

/// The server's error as it reports it, with the connection closed or not.
struct ServerError : std::exception {
    unsigned code = 0;
    std::string message;
    const char* what() const noexcept override { return message.c_str(); }
};

/// Is this error one that may pass (connection lost, lock wait timeout, server starting)?
bool is_retriable(unsigned code);

/// One row of a result, as the text protocol carries it; valid until the next row is read.
struct TextRow {
    char** values = nullptr;
    const unsigned long* lengths = nullptr;
    unsigned columns = 0;
    bool is_null(unsigned i) const { return values[i] == nullptr; }
    std::string_view operator[](unsigned i) const {
        return values[i] == nullptr ? std::string_view{} : std::string_view(values[i], lengths[i]);
    }
};

/// A client connection, by libmariadb: connecting, authentication (caching_sha2_password, mysql_native_password,
/// ed25519, sha256_password), TLS and queries. For the dump it hands out the protocol's raw packets. One thread
/// uses a connection; shut_down() alone may be called from another.
class Connection {
  public:
    /// Throws RetriableError (server away) or FatalError (access denied), naming host, port and user.
    explicit Connection(const ConnectionOptions& options);
    ~Connection();
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;

    bool is_mariadb() const { return is_mariadb_; }
    /// 80036 for 8.0.36.
    unsigned long server_version() const;
    std::string server_version_text() const;
    unsigned long id() const;
    bool is_tls() const;

    /// Runs statements whose result does not matter. All of these throw ServerError.
    void execute(const std::string& sql);
    using Strings = std::vector<std::optional<std::string>>;
    std::vector<Strings> rows(const std::string& sql);
    /// The first column of the first row; empty if there is none or it is NULL.
    std::string value(const std::string& sql);
    /// Streams the result row by row; stops early when `each` returns false (the rest is then thrown away).
    void stream(const std::string& sql, const std::function<bool(const TextRow&)>& each);
    /// The same; `names` is called with those of the result's columns before the first row.
    void stream(const std::string& sql, const std::function<void(const std::vector<std::string>&)>& names,
                const std::function<bool(const TextRow&)>& each);
    bool ping();

    /// Sends a command of the protocol without reading an answer.
    void send_command(uint8_t command, std::string_view body);
    /// The next packet of the answer to a dump, without its status byte; nothing at the end of a non-blocking dump.
    /// Valid until the next call.
    std::optional<std::string_view> read_packet();

    /// Makes a blocked read return. Thread-safe.
    void shut_down();

  private:
    [[noreturn]] void fail() const;
    struct Close {
        void operator()(st_mysql* handle) const;
    };
    std::unique_ptr<st_mysql, Close> handle_;
    bool is_mariadb_ = false;
    int socket_ = -1;
};

/// Makes the session one that rows are read with: UTF-8, UTC, no time-outs while the other side is slow, and the
/// escapes that quote_text() writes.
void prepare_for_reading(Connection& connection);

/// `text` in backquotes.
std::string quote_name(std::string_view text);
/// `database`.`table`
std::string quote_table(std::string_view database, std::string_view table);
/// 'text' with what needs it escaped.
std::string quote_text(std::string_view text);

}  // namespace millrace::binlog
