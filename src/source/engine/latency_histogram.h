#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace millrace::engine {

/// How long changes took, in buckets. Written and read by any thread; each figure by itself is right.
class LatencyHistogram {
  public:
    /// Upper bounds of the buckets, µs; behind the last one stands the rest.
    static constexpr std::array<int64_t, 18> kBoundsUs = {
        500,     1'000,     2'500,     5'000,     10'000,     25'000,     50'000,     100'000,     250'000,
        500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 30'000'000, 60'000'000, 300'000'000, 3'600'000'000};

    void note(int64_t took_us, uint64_t changes) {
        if (took_us < 0) took_us = 0;  // the server's clock is ahead of ours
        size_t bucket = 0;
        while (bucket < kBoundsUs.size() && took_us > kBoundsUs[bucket]) ++bucket;
        counts_[bucket].fetch_add(changes, std::memory_order_relaxed);
        sum_us_.fetch_add(static_cast<uint64_t>(took_us) * changes, std::memory_order_relaxed);
    }

    /// Changes that took up to kBoundsUs[bucket] and no less than the bound before.
    uint64_t count(size_t bucket) const { return counts_[bucket].load(std::memory_order_relaxed); }
    uint64_t sum_us() const { return sum_us_.load(std::memory_order_relaxed); }

  private:
    std::array<std::atomic<uint64_t>, kBoundsUs.size() + 1> counts_{};
    std::atomic<uint64_t> sum_us_ = 0;
};

}  // namespace millrace::engine
