#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace millrace::topiclog {

/// One prepared statement. Bind, step, read; columns are valid until the next step or reset.
class Statement {
  public:
    Statement(sqlite3* database, std::string_view sql);
    Statement& reset();
    Statement& bind(int index, int64_t value);
    /// The text must live until the next reset.
    Statement& bind_text(int index, std::string_view text);
    Statement& bind_blob(int index, std::string_view bytes);
    /// True while there is a row. Throws RetriableError, naming what SQLite says.
    bool step();
    /// Runs to the end and resets.
    void run();
    int64_t integer(int column) const;
    std::string_view bytes(int column) const;

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    sqlite3* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// One connection to the store's SQLite file. Used by one thread at a time.
class Database {
  public:
    enum class Mode { Write, Read };
    /// Throws EnvironmentError if the file cannot be opened.
    Database(const std::string& path, Mode mode);

    Statement prepare(std::string_view sql) { return {handle_.get(), sql}; }
    void execute(const std::string& sql);
    int64_t last_insert_id() const;
    /// Differs after a commit of another connection.
    int64_t data_version();

  private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    std::unique_ptr<sqlite3, Close> handle_;
};

/// A transaction that rolls back unless committed.
class Transaction {
  public:
    explicit Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

  private:
    Database& database_;
    bool open_ = true;
};

}  // namespace millrace::topiclog
