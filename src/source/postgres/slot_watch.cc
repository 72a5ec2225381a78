#include "source/postgres/slot_watch.h"

#include <algorithm>
#include <utility>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::postgres {

bool SlotWatch::is_due() const {
    return options_.interval_ms > 0 && (!next_look_ms_ || steady_ms() >= *next_look_ms_);
}

int64_t SlotWatch::seconds_left(const Reading& before, const Reading& now) {
    if (!before.safe_bytes || !now.safe_bytes) return -1;
    const int64_t passed_ms = now.at_ms - before.at_ms, used = *before.safe_bytes - *now.safe_bytes;
    if (*now.safe_bytes <= 0) return 0;
    if (passed_ms <= 0 || used <= 0) return -1;
    return static_cast<int64_t>(static_cast<double>(*now.safe_bytes) / static_cast<double>(used) *
                                static_cast<double>(passed_ms) / 1000);
}

void SlotWatch::look() {
    next_look_ms_ = steady_ms() + options_.interval_ms;
    try {
        Connection connection(options_.connection);
        const auto slot = find_slot(connection, options_.slot);
        const auto end = connection.value(
            "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE "
            "pg_catalog.pg_current_wal_lsn() END");
        const auto place = Lsn::from_text(end.value_or(""));
        if (slot && place) tell(*slot, {now_ms(), static_cast<int64_t>(place->value), slot->safe_bytes});
        is_blind_ = false;
    } catch (const ServerError& fault) {
        tell_blind(fault.message);
    } catch (const RetriableError& fault) {
        tell_blind(fault.what());
    }
}

/// Capture does not end for want of a look. Told once, until the server answers again.
void SlotWatch::tell_blind(const std::string& cause) {
    if (std::exchange(is_blind_, true)) return;
    log::warn(options_.logger,
              format("How much log the server keeps for the slot {} is not known: {}; it is asked again "
                     "every {} (log.headroom.interval.ms)",
                     options_.slot, cause, duration_text(options_.interval_ms)));
}

void SlotWatch::tell(const SlotState& slot, const Reading& now) {
    const int64_t left_s = last_ ? seconds_left(*last_, now) : -1;
    const int64_t kept = std::max<int64_t>(0, now.log_end - static_cast<int64_t>(slot.restart.value));
    auto& figures = *options_.figures;
    figures.kept_bytes = kept;
    figures.unread_bytes = std::max<int64_t>(0, now.log_end - static_cast<int64_t>(slot.confirmed.value));
    figures.headroom_bytes = slot.safe_bytes.value_or(-1);
    figures.headroom_s = figures.time_left_s = left_s;
    warn(slot, left_s, kept);
    last_ = now;
}

void SlotWatch::warn(const SlotState& slot, int64_t left_s, int64_t kept_bytes) {
    const bool is_behind = slot.wal_status == "unreserved" || slot.wal_status == "lost";
    const bool is_close = is_behind || (left_s >= 0 && left_s < options_.warning_s);
    if (is_close) {
        const std::string when = is_behind ? format("at its next checkpoint (wal_status {})", slot.wal_status)
                                           : format("in about {}", duration_text(left_s * 1000));
        const std::string message = format(
            "The server will give up the replication slot {} {}: it keeps {} bytes of log for it, and {} more may be "
            "written. Raise max_slot_wal_keep_size (it takes a reload), or find what holds the connector up",
            options_.slot, when, kept_bytes, slot.safe_bytes.value_or(0));
        log::warn(options_.logger, message);
        if (options_.health) options_.health(message);
    } else if (is_warned_ && options_.health) {
        options_.health(std::nullopt);
    }
    is_warned_ = is_close;
}

}  // namespace millrace::postgres
