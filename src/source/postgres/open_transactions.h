#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "source/postgres/lsn.h"

namespace millrace::postgres {

/// Transactions that the server streams before it knows whether they commit (pgoutput, protocol 2: messages between
/// Stream Start and Stream Stop). Their messages are kept here in the order in which they came, in memory up to a
/// bound and beyond that in files, until the transaction's end is told. The files have no names: nothing of them
/// outlives the process, and after a restart the server sends what had not ended again. Used by one thread.
class OpenTransactions {
  public:
    struct Options {
        size_t memory_bytes = 16 << 20;  ///< `stream.spill.bytes`: of all transactions together.
        std::string folder;              ///< `stream.spill.directory`; empty: the system's.
    };
    explicit OpenTransactions(const Options& options);
    ~OpenTransactions();

    /// Messages of this transaction follow, until stop().
    void start(uint32_t xid);
    void stop() { current_ = nullptr; }
    bool is_receiving() const { return current_ != nullptr; }
    /// A message between start() and stop(), as it came. Throws FatalError if it is damaged, or the disk does not take
    /// it.
    void add(Lsn place, std::string_view bytes);
    /// The transaction, or with another `subtransaction` that part of it, was rolled back.
    void abort(uint32_t xid, uint32_t subtransaction);

    struct Message {
        Lsn place;
        std::string_view bytes;  ///< As protocol 1 has it. Valid until the next.
    };
    /// Calls `each` for what was not rolled back, and forgets the transaction. Ends early when `each` returns false.
    void replay(uint32_t xid, const std::function<bool(const Message&)>& each);

    size_t memory_bytes() const { return memory_bytes_; }
    int64_t spilled_bytes() const { return spilled_bytes_; }  ///< In files now.

  private:
    struct Transaction;
    void spill(Transaction& transaction);
    void forget(uint32_t xid);

    const Options options_;
    std::unordered_map<uint32_t, std::unique_ptr<Transaction>> transactions_;
    Transaction* current_ = nullptr;
    size_t memory_bytes_ = 0;
    int64_t spilled_bytes_ = 0;
};

}  // namespace millrace::postgres
