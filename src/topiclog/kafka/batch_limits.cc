#include "topiclog/kafka/batch_limits.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::topiclog::kafka {
namespace {

constexpr int64_t kBatchHeaderBytes = 512;  // more than there is
constexpr int64_t kBatchBytesMin = 1;       // the client: a record at a time

}  // namespace

int64_t BatchLimits::of(const std::string& connector) {
    const std::lock_guard lock(mutex_);
    const auto found = limits_.find(connector);
    return found == limits_.end() ? 0 : found->second;
}

void BatchLimits::refused(const std::string& connector, const std::string& topic, int64_t batch_bytes) {
    const auto bound = parse_int(admin_.settings(topic)["max.message.bytes"]);
    if (!bound) return;
    const int64_t wanted = std::max(*bound - kBatchHeaderBytes, kBatchBytesMin);
    if (batch_bytes <= wanted) return;
    {
        const std::lock_guard lock(mutex_);
        auto& limit = limits_[connector];
        limit = limit == 0 ? wanted : std::min(limit, wanted);
    }
    throw RetriableError(
        format("Topic {} takes batches of {} bytes at most (max.message.bytes), and one of up to {} bytes "
               "was refused: they are kept below that from now on; set "
               "producer.override.batch.size={} to have it so from the start",
               topic, *bound, batch_bytes, wanted));
}

}  // namespace millrace::topiclog::kafka
