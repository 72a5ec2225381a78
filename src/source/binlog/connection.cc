#include "source/binlog/connection.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::binlog {
namespace {

TlsMode tls_mode(const std::string& word, TlsMode fallback) {
    const std::string mode = lower(word);
    if (mode.empty()) return fallback;
    if (mode == "disabled" || mode == "disable") return TlsMode::Disabled;
    if (mode == "preferred") return TlsMode::Preferred;
    if (mode == "required" || mode == "trust") return TlsMode::Required;
    if (mode == "verify_ca" || mode == "verify-ca") return TlsMode::VerifyCa;
    if (mode == "verify_identity" || mode == "verify-full") return TlsMode::VerifyIdentity;
    throw ConfigError("database.ssl.mode",
                      format("The 'database.ssl.mode' value is invalid: '{}' is none of disabled, preferred, required, "
                             "verify_ca, verify_identity (MariaDB: disable, trust, verify-ca, verify-full)",
                             word));
}

/// Java key stores have no counterpart in OpenSSL; PEM files do.
std::string pem_file(const config::Settings& settings, const char* name) {
    const std::string path = settings.text(name);
    if (path.empty()) return path;
    if (!std::filesystem::exists(path))
        throw ConfigError(name, format("The '{}' value is invalid: the file {} does not exist", name, path));
    const std::string head = config::read_file(path).substr(0, 4096);
    if (head.find("-----BEGIN ") == std::string::npos)
        throw ConfigError(
            name, format("The '{}' value is invalid: {} is not a PEM file; export it with `keytool -exportcert -rfc` "
                         "(JKS) or `openssl pkcs12 -in FILE -nodes` (PKCS12)",
                         name, path));
    return path;
}

/// Debezium's rule: ';' separates, ';;' is a semicolon.
std::vector<std::string> split_statements(const std::string& text) {
    std::vector<std::string> statements;
    std::string current;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != ';') {
            current += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == ';') {
            current += ';';
            ++i;
        } else {
            statements.push_back(std::exchange(current, {}));
        }
    }
    statements.push_back(current);
    std::erase_if(statements, [](const auto& statement) { return trimmed(statement).empty(); });
    return statements;
}

bool is_access_fault(unsigned code) {
    return code == ER_ACCESS_DENIED_ERROR || code == ER_DBACCESS_DENIED_ERROR ||
           code == ER_MUST_CHANGE_PASSWORD_LOGIN || code == ER_ACCOUNT_HAS_BEEN_LOCKED ||
           code == CR_AUTH_PLUGIN_CANNOT_LOAD;
}

/// A verifying mode without a trust store checks against the system's certificates, as Java does. libmariadb would
/// check nothing.
void trust_system(st_mysql* handle) {
    const char* file = std::getenv(X509_get_default_cert_file_env());      // NOLINT(concurrency-mt-unsafe): never set
    const char* directory = std::getenv(X509_get_default_cert_dir_env());  // NOLINT(concurrency-mt-unsafe)
    if (file != nullptr) mysql_options(handle, MYSQL_OPT_SSL_CA, file);
    if (file == nullptr || directory != nullptr)
        mysql_options(handle, MYSQL_OPT_SSL_CAPATH, directory != nullptr ? directory : X509_get_default_cert_dir());
}

st_mysql* open(const ConnectionOptions& options, bool with_tls) {
    st_mysql* handle = mysql_init(nullptr);
    if (handle == nullptr) throw RetriableError("libmariadb cannot allocate a connection");
    const auto seconds = [](int64_t ms) { return static_cast<unsigned>(std::max<int64_t>(1, (ms + 999) / 1000)); };
    const unsigned connect_timeout = seconds(options.connect_timeout_ms);
    const unsigned read_timeout = seconds(options.read_timeout_ms);
    const unsigned long packet_max = 1UL << 30;
    const my_bool no = 0;
    const my_bool yes = 1;
    mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
    mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &read_timeout);
    mysql_options(handle, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_max);
    mysql_options(handle, MYSQL_OPT_RECONNECT, &no);
    mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &no);
    mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    const bool verify = options.tls == TlsMode::VerifyCa || options.tls == TlsMode::VerifyIdentity;
    mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, with_tls ? &yes : &no);
    mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, options.tls == TlsMode::VerifyIdentity ? &yes : &no);
    if (with_tls && (verify || !options.certificate_file.empty())) {
        const char* certificate = options.certificate_file.empty() ? nullptr : options.certificate_file.c_str();
        mysql_ssl_set(handle, certificate, certificate, options.ca_file.empty() ? nullptr : options.ca_file.c_str(),
                      nullptr, nullptr);
    }
    if (with_tls && verify && options.ca_file.empty()) trust_system(handle);
    return handle;
}

bool try_connect(st_mysql* handle, const ConnectionOptions& options) {
    return mysql_real_connect(handle, options.host.c_str(), options.user.c_str(), options.password.c_str(), nullptr,
                              options.port, nullptr, CLIENT_MULTI_RESULTS) != nullptr;
}

}  // namespace

ConnectionOptions ConnectionOptions::from(const config::Settings& settings, TlsMode default_tls) {
    ConnectionOptions options;
    options.host = settings.text("database.hostname");
    if (options.host == "localhost") options.host = "127.0.0.1";  // libmariadb would take the Unix socket
    options.port = static_cast<unsigned>(settings.integer("database.port", 3306));
    options.user = settings.text("database.user");
    options.password = settings.text("database.password");
    options.tls = tls_mode(settings.text("database.ssl.mode"), default_tls);
    options.ca_file = pem_file(settings, "database.ssl.truststore");
    options.certificate_file = pem_file(settings, "database.ssl.keystore");
    options.connect_timeout_ms = settings.integer("connect.timeout.ms", 30'000);
    options.read_timeout_ms = settings.integer("database.query.timeout.ms", 600'000);
    options.initial_statements = settings.text("database.initial.statements");
    return options;
}

bool is_retriable(unsigned code) {
    switch (code) {
        case CR_CONNECTION_ERROR:
        case CR_CONN_HOST_ERROR:
        case CR_UNKNOWN_HOST:
        case CR_SERVER_GONE_ERROR:
        case CR_SERVER_LOST:
        case CR_SERVER_LOST_EXTENDED:
        case CR_MALFORMED_PACKET:
        case ER_CON_COUNT_ERROR:
        case ER_SERVER_SHUTDOWN:
        case ER_LOCK_WAIT_TIMEOUT:
        case ER_LOCK_DEADLOCK:
        case ER_QUERY_INTERRUPTED:
        case ER_TABLE_DEF_CHANGED:
        case ER_NEW_ABORTING_CONNECTION:
        case ER_TOO_MANY_USER_CONNECTIONS:
        case ER_HOST_IS_BLOCKED:
            return true;
        default:
            return false;
    }
}

Connection::Connection(const ConnectionOptions& options) {
    handle_.reset(open(options, options.tls != TlsMode::Disabled));
    bool connected = try_connect(handle_.get(), options);
    if (!connected && options.tls == TlsMode::Preferred && mysql_errno(handle_.get()) == CR_SSL_CONNECTION_ERROR) {
        handle_.reset(open(options, false));  // the server has no TLS
        connected = try_connect(handle_.get(), options);
    }
    if (!connected) {
        const unsigned code = mysql_errno(handle_.get());
        const std::string reason = format("Cannot connect to {}:{} as '{}': {} (error {})", options.host, options.port,
                                          options.user, mysql_error(handle_.get()), code);
        if (is_access_fault(code)) throw FatalError(reason + "; check database.user and database.password");
        throw RetriableError(reason);
    }
    // libmariadb goes on in the clear when the server offers no TLS, whatever it was told
    const bool must_be_encrypted = options.tls != TlsMode::Disabled && options.tls != TlsMode::Preferred;
    if (must_be_encrypted && mysql_get_ssl_cipher(handle_.get()) == nullptr)
        throw FatalError(
            format("Cannot connect to {}:{} with TLS: the server offers none; give it a certificate, or set "
                   "database.ssl.mode to what it can do",
                   options.host, options.port));
    socket_ = static_cast<int>(mysql_get_socket(handle_.get()));
    is_mariadb_ = mariadb_connection(handle_.get()) != 0;
    for (const auto& statement : split_statements(options.initial_statements)) execute(statement);
}

Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

void Connection::Close::operator()(st_mysql* handle) const {
    mysql_close(handle);
}

unsigned long Connection::server_version() const {
    return mysql_get_server_version(handle_.get());
}
std::string Connection::server_version_text() const {
    return mysql_get_server_info(handle_.get());
}
unsigned long Connection::id() const {
    return mysql_thread_id(handle_.get());
}
bool Connection::is_tls() const {
    return mysql_get_ssl_cipher(handle_.get()) != nullptr;
}

void Connection::fail() const {
    ServerError error;
    error.code = mysql_errno(handle_.get());
    error.message = format("{} (error {})", mysql_error(handle_.get()), error.code);
    // behind the handshake a fault of TLS is a connection that broke
    if (error.code == CR_SSL_CONNECTION_ERROR) error.code = CR_SERVER_LOST;
    throw error;
}

void Connection::stream(const std::string& sql, const std::function<bool(const TextRow&)>& each) {
    stream(sql, nullptr, each);
}

void Connection::stream(const std::string& sql, const std::function<void(const std::vector<std::string>&)>& names,
                        const std::function<bool(const TextRow&)>& each) {
    if (mysql_real_query(handle_.get(), sql.data(), sql.size()) != 0) fail();
    const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> result(mysql_use_result(handle_.get()), mysql_free_result);
    if (!result) {
        if (mysql_errno(handle_.get()) != 0) fail();
        return;
    }
    TextRow row;
    row.columns = mysql_num_fields(result.get());
    if (names) {
        std::vector<std::string> columns;
        const MYSQL_FIELD* fields = mysql_fetch_fields(result.get());
        for (unsigned i = 0; i < row.columns; ++i) columns.emplace_back(fields[i].name, fields[i].name_length);
        names(columns);
    }
    while ((row.values = mysql_fetch_row(result.get())) != nullptr) {
        row.lengths = mysql_fetch_lengths(result.get());
        if (!each(row)) return;
    }
    if (mysql_errno(handle_.get()) != 0) fail();
}

void Connection::execute(const std::string& sql) {
    stream(sql, [](const TextRow&) { return true; });
    while (mysql_more_results(handle_.get()) != 0 && mysql_next_result(handle_.get()) == 0) {
        if (MYSQL_RES* further = mysql_use_result(handle_.get())) mysql_free_result(further);
    }
}

std::vector<Connection::Strings> Connection::rows(const std::string& sql) {
    std::vector<Strings> all;
    stream(sql, [&](const TextRow& row) {
        Strings strings;
        for (unsigned i = 0; i < row.columns; ++i)
            strings.push_back(row.is_null(i) ? std::nullopt : std::optional<std::string>(row[i]));
        all.push_back(std::move(strings));
        return true;
    });
    return all;
}

std::string Connection::value(const std::string& sql) {
    const auto all = rows(sql);
    return all.empty() || all[0].empty() ? std::string() : all[0][0].value_or("");
}

bool Connection::ping() {
    return mysql_ping(handle_.get()) == 0;
}

void Connection::send_command(uint8_t command, std::string_view body) {
    st_mysql* handle = handle_.get();
    if (handle->methods->db_command(handle, static_cast<enum_server_command>(command), body.data(), body.size(), 1,
                                    nullptr) != 0)
        fail();
}

std::optional<std::string_view> Connection::read_packet() {
    st_mysql* handle = handle_.get();
    const unsigned long length = mysql_net_read_packet(handle);
    if (length == packet_error) fail();
    const std::string_view packet(reinterpret_cast<const char*>(handle->net.read_pos), length);
    if (packet.empty() || (packet[0] == '\xFE' && packet.size() < 9)) return std::nullopt;
    return packet.substr(1);
}

void Connection::shut_down() {
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

std::string quote_name(std::string_view text) {
    return "`" + replace_all(std::string(text), "`", "``") + "`";
}

std::string quote_table(std::string_view database, std::string_view table) {
    return quote_name(database) + "." + quote_name(table);
}

void prepare_for_reading(Connection& connection) {
    connection.execute("SET NAMES utf8mb4");
    connection.execute(
        "SET SESSION time_zone = '+00:00', wait_timeout = 31536000, net_write_timeout = 31536000, "
        "sql_mode = REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '')");
}

std::string quote_text(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

}  // namespace millrace::binlog
