#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "topiclog/kafka/admin.h"

namespace millrace::topiclog::kafka {

/// How large a connector's batches may be. A topic's max.message.bytes bounds whole batches, and a broker refuses one
/// that is larger with all the records in it, as too large, though each alone would do; Java's producer then splits it,
/// librdkafka does not. What is learned from such a refusal lasts as long as the process. Safe from any thread.
class BatchLimits {
  public:
    /// `admin` outlives this.
    explicit BatchLimits(Admin& admin) : admin_(admin) {}

    /// In bytes; 0: nothing is known against the client's own setting.
    int64_t of(const std::string& connector);

    /// A batch for `topic` was refused as too large, at a bound of `batch_bytes`. Throws RetriableError if its records
    /// may be taken in smaller batches: by a writer opened anew. Returns if the record alone is too large.
    void refused(const std::string& connector, const std::string& topic, int64_t batch_bytes);

  private:
    Admin& admin_;
    std::mutex mutex_;
    std::map<std::string, int64_t> limits_;
};

}  // namespace millrace::topiclog::kafka
