#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "source/binlog/connection.h"
#include "source/engine/source_figures.h"

namespace millrace::binlog {

/// Looks now and then at how long the server will still have the log that is to be read, tells it in the figures, and
/// warns while there is still time. Asked after every log event; a look is three queries on a connection of its own.
/// Used by the source's thread alone.
class PurgeWatch {
  public:
    struct Options {
        ConnectionOptions connection;
        int64_t interval_ms = 60'000;  ///< log.headroom.interval.ms; 0: never.
        int64_t warning_s = 21'600;    ///< log.headroom.warning.seconds
        engine::SourceFigures* figures = nullptr;
        /// Told of trouble, and, with nothing, of its end.
        std::function<void(const std::optional<std::string>&)> health;
        std::string logger;
    };
    /// The place that is read, and when the server wrote it (s since 1970; 0: not known).
    struct Place {
        std::string file;
        uint64_t position = 0;
        int64_t written_s = 0;
    };
    explicit PurgeWatch(Options options) : options_(std::move(options)) {}

    bool is_due() const;
    /// Where the server refuses to tell, or lets no further connection in, the figures stay as they were.
    void look(const Place& place);

  private:
    void measure(Connection& connection, const Place& place);
    void tell_blind(const std::string& cause);
    int64_t time_left(const Place& place, int64_t headroom_s, int64_t now);
    void warn(const Place& place, int64_t left_s, int64_t unread_bytes);

    Options options_;
    std::optional<int64_t> next_look_ms_;
    int64_t last_look_s_ = 0, last_written_s_ = 0;
    bool is_warned_ = false;
    bool is_blind_ = false;
};

}  // namespace millrace::binlog
