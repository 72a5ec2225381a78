#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <stop_token>

#include "base/calendar.h"
#include "base/stoppable_sleep.h"

namespace millrace::engine {

/// Keeps work to so many units a second, over all threads that share it; 0: no bound. Thread-safe.
class RateLimit {
  public:
    explicit RateLimit(int64_t per_second) : per_second_(per_second) {}

    /// Waits until `units` more may have been done.
    void wait(int64_t units, const std::stop_token& stop) {
        if (per_second_ <= 0) return;
        int64_t due_ms = 0;
        {
            const std::lock_guard lock(mutex_);
            const int64_t now = steady_ms();
            constexpr int64_t kSavedUpMs = 100;  // what is not used is not saved up for longer
            free_at_us_ = std::max(free_at_us_, (now - kSavedUpMs) * 1000) + units * 1'000'000 / per_second_;
            due_ms = free_at_us_ / 1000;
        }
        if (const int64_t left_ms = due_ms - steady_ms(); left_ms > 0)
            sleep_for(std::chrono::milliseconds(left_ms), stop);
    }

  private:
    const int64_t per_second_;
    std::mutex mutex_;
    int64_t free_at_us_ = 0;
};

}  // namespace millrace::engine
