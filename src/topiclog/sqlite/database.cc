#include "topiclog/sqlite/database.h"

#include <sqlite3.h>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::topiclog {
namespace {

[[noreturn]] void fail(sqlite3* database, int code) {
    const std::string reason = sqlite3_errmsg(database);
    const char* file = sqlite3_db_filename(database, "main");
    const std::string where = file != nullptr ? file : "";
    switch (code & 0xFF) {
        case SQLITE_FULL:
            throw RetriableError(
                format("The disk under the embedded store {} is full; make room there, writing goes on by "
                       "itself ({})",
                       where, reason),
                RetriableError::Shown::Failed);
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            throw FatalError(format("The embedded store {} is damaged: {}; restore it from a backup or move it away",
                                    where, reason));
        default:
            throw RetriableError(format("The embedded store {}: {} (SQLite code {})", where, reason, code),
                                 RetriableError::Shown::Failed);
    }
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) fail(database, code);
    statement_.reset(statement);
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Statement& Statement::reset() {
    sqlite3_reset(statement_.get());
    return *this;
}

Statement& Statement::bind(int index, int64_t value) {
    sqlite3_bind_int64(statement_.get(), index, value);
    return *this;
}

Statement& Statement::bind_text(int index, std::string_view text) {
    sqlite3_bind_text(statement_.get(), index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
    sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC);
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    sqlite3_reset(statement_.get());
    fail(database_, code);
}

void Statement::run() {
    while (step()) {
    }
    reset();
}

int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    return {data != nullptr ? data : "", static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Database::Database(const std::string& path, Mode mode) {
    sqlite3* handle = nullptr;
    // A reader of a WAL database also writes its shared index, so it opens the file read-write without creating it.
    const int flags = mode == Mode::Write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    handle_.reset(handle);
    if (code != SQLITE_OK)
        throw EnvironmentError(format("Cannot open the embedded store {}: {}", path, sqlite3_errmsg(handle)));
    sqlite3_busy_timeout(handle, 10'000);
}

void Database::Close::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}

void Database::execute(const std::string& sql) {
    const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(handle_.get(), code);
}

int64_t Database::last_insert_id() const {
    return sqlite3_last_insert_rowid(handle_.get());
}

int64_t Database::data_version() {
    Statement query = prepare("PRAGMA data_version");
    query.step();
    return query.integer(0);
}

Transaction::~Transaction() {
    if (!open_) return;
    try {
        database_.execute("ROLLBACK");
    } catch (const std::exception& fault) {
        // SQLite has already rolled back by itself after a full disk.
        log::debug("store", fault.what());
    }
}

void Transaction::commit() {
    database_.execute("COMMIT");
    open_ = false;
}

}  // namespace millrace::topiclog
