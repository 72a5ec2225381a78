#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::postgres {

/// The transactions that a view of the server's rows does not show (PostgreSQL manual, "txid_snapshot"): the low 32
/// bits of their ids, which wrap around.
struct UnseenTransactions {
    uint32_t first_unborn = 0;      ///< From this one on they had not begun when the view was opened.
    std::vector<uint32_t> running;  ///< These had, and were not visible yet.

    /// Of txid_current_snapshot()::text: "xmin:xmax:xip,xip", with the epoch in front of the ids' 32 bits.
    static UnseenTransactions of(const std::string& snapshot);

    bool contains(uint32_t xid) const;
};

}  // namespace millrace::postgres
