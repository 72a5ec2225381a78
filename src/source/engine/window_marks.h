#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace millrace::engine {

/// The rows of the signal table that mark where in the log an incremental snapshot's chunk was read, as Debezium
/// writes them: statements for any server.
class WindowMarks {
  public:
    struct Options {
        std::string table;     ///< Quoted.
        bool deletes = false;  ///< incremental.snapshot.watermarking.strategy=insert_delete
        std::function<std::string(std::string_view text)> quote_text;
    };
    explicit WindowMarks(Options options) : options_(std::move(options)) {}

    std::string open(const std::string& chunk);
    /// Of the chunk that was opened last.
    std::string close(const std::string& chunk);

  private:
    const Options options_;
    std::string opened_at_;  ///< ISO 8601
};

}  // namespace millrace::engine
