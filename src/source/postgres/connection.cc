#include "source/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/text.h"

namespace millrace::postgres {
namespace {

struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

/// What all sessions have in common: values look the same whatever the server or the role has set.
constexpr const char* kSessionOptions =
    "-c client_encoding=UTF8 -c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC -c bytea_output=hex "
    "-c extra_float_digits=1 -c lc_monetary=C -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 "
    "-c statement_timeout=0 -c standard_conforming_strings=on";

ServerError error_of(const PGresult* result, pg_conn* handle) {
    ServerError fault;
    const char* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
    if (state != nullptr) {
        fault.state = state;
        const auto field = [&](int code) {
            const char* text = PQresultErrorField(result, code);
            return std::string(text == nullptr ? "" : text);
        };
        fault.message = field(PG_DIAG_MESSAGE_PRIMARY);
        if (const auto detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty()) fault.message += ". " + detail;
        if (const auto hint = field(PG_DIAG_MESSAGE_HINT); !hint.empty()) fault.message += ". " + hint;
        fault.message += format(" (SQLSTATE {})", fault.state);
    } else {
        fault.message = std::string(trimmed(PQerrorMessage(handle)));
        if (fault.message.empty()) fault.message = "the connection is lost";
    }
    return fault;
}

std::vector<std::string> statements_of(const std::string& text) {
    std::vector<std::string> statements(1);
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != ';')
            statements.back() += text[i];
        else if (i + 1 < text.size() && text[i + 1] == ';')
            statements.back() += text[++i];
        else
            statements.emplace_back();
    }
    return statements;
}

}  // namespace

/// Another thread's way to end a wait.
struct Connection::Wake {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    std::atomic<bool> is_down = false;
    Wake() = default;
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;
    ~Wake() { close(descriptor); }
};

void Connection::Close::operator()(pg_conn* handle) const {
    PQfinish(handle);
}
void Connection::FreeMemory::operator()(char* memory) const {
    PQfreemem(memory);
}

ConnectionOptions ConnectionOptions::from(const config::Settings& settings) {
    ConnectionOptions options;
    options.host = settings.text("database.hostname");
    options.port = settings.text("database.port", "5432");
    options.user = settings.text("database.user");
    options.password = settings.text("database.password");
    options.database = settings.text("database.dbname");
    options.initial_statements = settings.text("database.initial.statements");
    options.application = "Millrace " + settings.text("topic.prefix");
    const auto pass_on = [&](const char* property, const char* parameter) {
        if (const auto value = settings.text(property); !value.empty())
            options.parameters.emplace_back(parameter, value);
    };
    pass_on("database.sslmode", "sslmode");
    pass_on("database.sslcert", "sslcert");
    pass_on("database.sslkey", "sslkey");
    pass_on("database.sslpassword", "sslpassword");
    pass_on("database.sslrootcert", "sslrootcert");
    const int64_t timeout_ms = settings.integer("connection.validation.timeout.ms", 60'000);
    options.parameters.emplace_back("connect_timeout", std::to_string((timeout_ms + 999) / 1000));
    options.parameters.emplace_back("keepalives", settings.boolean("database.tcpKeepAlive", true) ? "1" : "0");
    return options;
}

bool is_retriable(const ServerError& fault) {
    if (fault.state.empty()) return true;  // the connection
    constexpr std::string_view kStates[] = {"57P01", "57P02", "57P03", "40001", "40P01", "55006", "55P03", "25006"};
    const std::string_view state(fault.state);
    if (state.starts_with("08") || state.starts_with("53") || state.starts_with("58")) return true;
    for (const auto one : kStates)
        if (state == one) return true;
    return false;
}

Connection::Connection(const ConnectionOptions& options, Kind kind) : wake_(std::make_unique<Wake>()) {
    std::vector<const char*> names = {"host", "port", "user", "dbname", "options", "application_name"};
    std::vector<const char*> values = {options.host.c_str(),     options.port.c_str(), options.user.c_str(),
                                       options.database.c_str(), kSessionOptions,      options.application.c_str()};
    const auto add = [&](const char* name, const char* value) {
        names.push_back(name);
        values.push_back(value);
    };
    if (!options.password.empty()) add("password", options.password.c_str());
    for (const auto& [name, value] : options.parameters) add(name.c_str(), value.c_str());
    if (kind == Kind::Replication) add("replication", "database");
    add(nullptr, nullptr);
    handle_.reset(PQconnectdbParams(names.data(), values.data(), 0));
    if (PQstatus(handle_.get()) != CONNECTION_OK) {
        const std::string cause(trimmed(PQerrorMessage(handle_.get())));
        const std::string message = format("Cannot connect to {}:{} as {} for database {}: {}", options.host,
                                           options.port, options.user, options.database, cause);
        // libpq gives no SQLSTATE here; these are refusals that trying again does not change.
        for (const char* refusal : {"password authentication failed", "no pg_hba.conf entry", "does not exist",
                                    "permission denied", "must be superuser", "certificate"})
            if (cause.find(refusal) != std::string::npos) throw FatalError(message);
        throw RetriableError(message);
    }
    PQsetNoticeProcessor(handle_.get(), [](void*, const char*) {}, nullptr);
    if (kind == Kind::Sql)
        for (const auto& statement : statements_of(options.initial_statements))
            if (!trimmed(statement).empty()) execute(statement);
}

Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

int Connection::server_version() const {
    return PQserverVersion(handle_.get());
}

void Connection::fail() {
    throw error_of(nullptr, handle_.get());
}

bool Connection::is_alive() {
    const Result result(PQexec(handle_.get(), "SELECT 1"));
    return PQresultStatus(result.get()) == PGRES_TUPLES_OK;
}

void Connection::execute(const std::string& sql) {
    const Result result(PQexec(handle_.get(), sql.c_str()));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        throw error_of(result.get(), handle_.get());
}

std::vector<Connection::Strings> Connection::rows(const std::string& sql) {
    const Result result(PQexec(handle_.get(), sql.c_str()));
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK && PQresultStatus(result.get()) != PGRES_COMMAND_OK)
        throw error_of(result.get(), handle_.get());
    std::vector<Strings> rows(static_cast<size_t>(PQntuples(result.get())));
    const int columns = PQnfields(result.get());
    for (size_t i = 0; i < rows.size(); ++i)
        for (int column = 0; column < columns; ++column) {
            const int row = static_cast<int>(i);
            if (PQgetisnull(result.get(), row, column) != 0)
                rows[i].emplace_back(std::nullopt);
            else
                rows[i].emplace_back(std::string(PQgetvalue(result.get(), row, column),
                                                 static_cast<size_t>(PQgetlength(result.get(), row, column))));
        }
    return rows;
}

std::optional<std::string> Connection::value(const std::string& sql) {
    const auto all = rows(sql);
    return all.empty() || all[0].empty() ? std::nullopt : all[0][0];
}

void Connection::stream(const std::string& sql, const std::function<void(const std::vector<std::string>&)>& names,
                        const std::function<bool(const TextRow&)>& each) {
    if (PQsendQuery(handle_.get(), sql.c_str()) == 0 || PQsetSingleRowMode(handle_.get()) == 0) fail();
    std::vector<const char*> values;
    std::vector<int> lengths;
    bool is_named = false, goes_on = true;
    std::optional<ServerError> fault;
    while (const Result result{PQgetResult(handle_.get())}) {
        const auto status = PQresultStatus(result.get());
        if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
            if (goes_on && !fault) fault = error_of(result.get(), handle_.get());
            continue;
        }
        const auto columns = static_cast<size_t>(PQnfields(result.get()));
        if (!std::exchange(is_named, true) && names) {
            std::vector<std::string> found;
            for (size_t i = 0; i < columns; ++i) found.emplace_back(PQfname(result.get(), static_cast<int>(i)));
            names(found);
        }
        values.resize(columns);
        lengths.resize(columns);
        for (int row = 0; row < PQntuples(result.get()) && goes_on; ++row) {
            for (size_t i = 0; i < columns; ++i) {
                const int column = static_cast<int>(i);
                values[i] =
                    PQgetisnull(result.get(), row, column) != 0 ? nullptr : PQgetvalue(result.get(), row, column);
                lengths[i] = PQgetlength(result.get(), row, column);
            }
            goes_on = each({values.data(), lengths.data(), static_cast<int>(columns)});
            if (goes_on) continue;
            char unused[256];
            if (PGcancel* cancel = PQgetCancel(handle_.get()); cancel != nullptr) {
                PQcancel(cancel, unused, sizeof unused);
                PQfreeCancel(cancel);
            }
        }
    }
    if (fault) throw *fault;
}

void Connection::start_copy(const std::string& command) {
    const Result result(PQexec(handle_.get(), command.c_str()));
    if (PQresultStatus(result.get()) != PGRES_COPY_BOTH) throw error_of(result.get(), handle_.get());
}

/// A message that libpq has in full.
std::optional<std::string_view> Connection::take_copy() {
    char* bytes = nullptr;
    const int size = PQgetCopyData(handle_.get(), &bytes, 1);
    copied_.reset(bytes);
    if (size > 0) return std::string_view(bytes, static_cast<size_t>(size));
    if (size == 0) return std::nullopt;
    if (size == -2) fail();
    const Result result(PQgetResult(handle_.get()));
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) throw error_of(result.get(), handle_.get());
    ServerError fault;
    fault.message = "the server ended the stream";
    throw fault;
}

std::optional<std::string_view> Connection::read_copy(int timeout_ms) {
    const int64_t until = steady_ms() + timeout_ms;
    while (!is_shut_down()) {
        if (const auto message = take_copy()) return message;
        const int64_t left = until - steady_ms();
        if (left <= 0) return std::nullopt;
        pollfd waits[2] = {{PQsocket(handle_.get()), POLLIN, 0}, {wake_->descriptor, POLLIN, 0}};
        const int ready = poll(waits, 2, static_cast<int>(left));
        if (ready < 0 && errno != EINTR) fail();
        if ((waits[0].revents & (POLLIN | POLLERR | POLLHUP)) != 0 && PQconsumeInput(handle_.get()) == 0) fail();
    }
    return std::nullopt;
}

void Connection::write_copy(std::string_view message) {
    if (PQputCopyData(handle_.get(), message.data(), static_cast<int>(message.size())) != 1 ||
        PQflush(handle_.get()) < 0)
        fail();
}

void Connection::shut_down() {
    wake_->is_down = true;
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_->descriptor, &one, sizeof one);
}

bool Connection::is_shut_down() const {
    return wake_->is_down;
}

std::string quote_name(std::string_view text) {
    return '"' + replace_all(std::string(text), "\"", "\"\"") + '"';
}

std::string quote_table(std::string_view schema, std::string_view table) {
    return quote_name(schema) + "." + quote_name(table);
}

std::string quote_text(std::string_view text) {
    return '\'' + replace_all(std::string(text), "'", "''") + '\'';
}

}  // namespace millrace::postgres
