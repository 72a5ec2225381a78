#include "source/binlog/purge_watch.h"

#include <algorithm>
#include <utility>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::binlog {
namespace {

/// How long the server keeps its logs, s; 0: until they are purged by hand.
int64_t retention_s(Connection& connection) {
    for (const auto& [name, unit] :
         {std::pair{"binlog_expire_logs_seconds", 1}, std::pair{"expire_logs_days", 86'400}}) {
        const auto rows = connection.rows(format("SHOW GLOBAL VARIABLES LIKE '{}'", name));
        const int64_t value = rows.empty() ? 0 : parse_int(rows[0][1].value_or("")).value_or(0);
        if (value > 0) return value * unit;
    }
    return 0;
}

}  // namespace

bool PurgeWatch::is_due() const {
    return options_.interval_ms > 0 && (!next_look_ms_ || steady_ms() >= *next_look_ms_);
}

/// The end of what is kept moves with the clock, and this reader after it: how long until they meet; -1: they do not.
int64_t PurgeWatch::time_left(const Place& place, int64_t headroom_s, int64_t now) {
    const int64_t passed = now - last_look_s_, read = place.written_s - last_written_s_;
    const bool is_first = last_look_s_ == 0 || passed <= 0;
    last_look_s_ = now;
    last_written_s_ = place.written_s;
    if (is_first || read <= 0) return headroom_s;
    if (read >= passed) return -1;
    return headroom_s * passed / (passed - read);
}

void PurgeWatch::look(const Place& place) {
    next_look_ms_ = steady_ms() + options_.interval_ms;
    try {
        Connection connection(options_.connection);
        measure(connection, place);
        is_blind_ = false;
    } catch (const ServerError& fault) {
        tell_blind(fault.message);
    } catch (const RetriableError& fault) {
        tell_blind(fault.what());
    }
}

/// Capture does not end for want of a look. Told once, until the server answers again.
void PurgeWatch::tell_blind(const std::string& cause) {
    if (std::exchange(is_blind_, true)) return;
    log::warn(options_.logger, format("How long the server will still have the log is not known: {}; it is asked again "
                                      "every {} (log.headroom.interval.ms)",
                                      cause, duration_text(options_.interval_ms)));
}

void PurgeWatch::measure(Connection& connection, const Place& place) {
    const auto logs = connection.rows("SHOW BINARY LOGS");
    int64_t before = 0, unread = 0;
    bool is_found = false, is_last = false;
    for (const auto& row : logs) {
        const int64_t size = parse_int(row[1].value_or("")).value_or(0);
        const bool is_here = row[0] == place.file;
        const auto position = std::min(size, static_cast<int64_t>(place.position));
        if (is_here) before += position;
        if (!is_found && !is_here) before += size;
        if (is_found) unread += size;
        if (is_here) unread += size - position;
        is_found = is_found || is_here;
        is_last = is_here;
    }
    if (!is_found) return;  // of another server, or purged: reading goes on, or fails, by itself
    const int64_t kept_s = retention_s(connection);
    const int64_t now = now_ms() / 1000;
    const bool is_safe = kept_s == 0 || is_last;  // the last log is never purged
    const int64_t headroom_s = is_safe ? -1 : std::max<int64_t>(0, place.written_s + kept_s - now);
    const int64_t left_s = is_safe ? -1 : time_left(place, headroom_s, now);
    auto& figures = *options_.figures;
    figures.headroom_bytes = before;
    figures.unread_bytes = unread;
    figures.headroom_s = headroom_s;
    figures.time_left_s = left_s;
    warn(place, left_s, unread);
}

void PurgeWatch::warn(const Place& place, int64_t left_s, int64_t unread_bytes) {
    const bool is_close = left_s >= 0 && left_s < options_.warning_s;
    if (is_close) {
        const std::string message = format(
            "The server will purge the log at {}:{} in about {} s, and {} bytes behind it are unread; have it keep "
            "logs for longer (binlog_expire_logs_seconds, expire_logs_days), or find what holds the connector up",
            place.file, place.position, left_s, unread_bytes);
        log::warn(options_.logger, message);
        if (options_.health) options_.health(message);
    } else if (is_warned_ && options_.health) {
        options_.health(std::nullopt);
    }
    is_warned_ = is_close;
}

}  // namespace millrace::binlog
