#include "source/postgres/unseen_transactions.h"

#include <algorithm>

#include "base/text.h"

namespace millrace::postgres {

UnseenTransactions UnseenTransactions::of(const std::string& snapshot) {
    const auto id = [](std::string_view text) { return static_cast<uint32_t>(parse_int(text).value_or(0)); };
    UnseenTransactions unseen;
    const auto parts = split(snapshot, ':');
    if (parts.size() < 3) return unseen;
    unseen.first_unborn = id(parts[1]);
    for (const auto& xid : split(parts[2], ',')) unseen.running.push_back(id(xid));
    return unseen;
}

bool UnseenTransactions::contains(uint32_t xid) const {
    return static_cast<int32_t>(xid - first_unborn) >= 0 ||
           std::find(running.begin(), running.end(), xid) != running.end();
}

}  // namespace millrace::postgres
