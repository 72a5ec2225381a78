#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "source/engine/source_figures.h"
#include "source/postgres/connection.h"
#include "source/postgres/replication_slot.h"

namespace millrace::postgres {

/// Looks now and then at how much log the server keeps for the slot and how much more it will keep before it gives the
/// slot up (max_slot_wal_keep_size), tells it in the figures, and warns while there is still time. Used by the source's
/// thread alone.
class SlotWatch {
  public:
    struct Options {
        ConnectionOptions connection;
        std::string slot;
        int64_t interval_ms = 60'000;  ///< log.headroom.interval.ms; 0: never.
        int64_t warning_s = 21'600;    ///< log.headroom.warning.seconds
        engine::SourceFigures* figures = nullptr;
        /// Told of trouble, and, with nothing, of its end.
        std::function<void(const std::optional<std::string>&)> health;
        std::string logger;
    };
    explicit SlotWatch(Options options) : options_(std::move(options)) {}

    bool is_due() const;
    /// Where the server refuses to tell, or lets no further connection in, the figures stay as they were.
    void look();

    /// How much log there was, and how much more there may be, at a moment.
    struct Reading {
        int64_t at_ms = 0;
        int64_t log_end = 0;                ///< Bytes since the log's beginning.
        std::optional<int64_t> safe_bytes;  ///< Nothing: no bound.
    };
    /// In how many seconds the slot will be lost if log is written, and let go of, as fast as between two readings; -1:
    /// it will not be.
    static int64_t seconds_left(const Reading& before, const Reading& now);

  private:
    void tell(const SlotState& slot, const Reading& now);
    void tell_blind(const std::string& cause);
    void warn(const SlotState& slot, int64_t left_s, int64_t kept_bytes);

    Options options_;
    std::optional<int64_t> next_look_ms_;
    std::optional<Reading> last_;
    bool is_warned_ = false;
    bool is_blind_ = false;
};

}  // namespace millrace::postgres
