#include "topiclog/kafka/kafka_reader.h"

#include <algorithm>
#include <array>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/text.h"

namespace millrace::topiclog::kafka {
namespace {

constexpr size_t kMessagesPerCall = 500;
constexpr int kTopicRetryMs = 100;
/// How long reading to the end may go without anything coming before the brokers count as away.
constexpr int64_t kStallMs = 60'000;

StoredRecord record_from(const rd_kafka_message_t& message) {
    StoredRecord record;
    record.partition = message.partition;
    record.offset = message.offset;
    record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
    if (message.key != nullptr) record.key.emplace(static_cast<const char*>(message.key), message.key_len);
    if (message.payload != nullptr) record.value.emplace(static_cast<const char*>(message.payload), message.len);
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char* name = nullptr;
        const void* value = nullptr;
        size_t size = 0;
        for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
            record.headers.emplace_back(name, header_value(value, size));
    }
    return record;
}

}  // namespace

KafkaReader::KafkaReader(Admin& admin, ConfHandle conf, std::string topic, std::map<int32_t, int64_t> from)
    : admin_(admin),
      name_(std::move(topic)),
      from_(std::move(from)),
      client_(make_client(RD_KAFKA_CONSUMER, std::move(conf))),
      queue_(rd_kafka_queue_new(client_.get())) {}

KafkaReader::~KafkaReader() {
    for (size_t partition = 0; partition < partitions_.size(); ++partition)
        if (partitions_[partition].is_started) rd_kafka_consume_stop(topic_.get(), static_cast<int32_t>(partition));
}

bool KafkaReader::find_partitions() {
    const auto found = admin_.topic(name_);
    if (!found) return false;
    if (!topic_) topic_.reset(rd_kafka_topic_new(client_.get(), name_.c_str(), nullptr));
    const size_t known = partitions_.size();
    if (static_cast<size_t>(found->partitions) <= known) return true;
    const auto begins = admin_.begin_offsets(name_, found->partitions);
    partitions_.resize(begins.size());
    for (size_t partition = known; partition < begins.size(); ++partition) {
        const auto wanted = from_.find(static_cast<int32_t>(partition));
        partitions_[partition].next = std::max(begins[partition], wanted == from_.end() ? 0 : wanted->second);
    }
    return true;
}

void KafkaReader::start(size_t number) {
    Partition& partition = partitions_[number];
    if (partition.is_started) return;
    if (rd_kafka_consume_start_queue(topic_.get(), static_cast<int32_t>(number), partition.next, queue_.get()) != 0)
        throw RetriableError(format("Topic {} cannot be read: {}", name_, rd_kafka_err2str(rd_kafka_last_error())));
    partition.is_started = true;
}

size_t KafkaReader::take(rd_kafka_message_t& message, const Visit& visit) {
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        auto& next = partitions_.at(static_cast<size_t>(message.partition)).next;
        next = std::max(next, message.offset);
        return 0;
    }
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        partitions_.at(static_cast<size_t>(message.partition)).next = message.offset + 1;
        visit(record_from(message));
        return 1;
    }
    constexpr std::array kPassing = {RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
                                     RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART};
    if (std::find(kPassing.begin(), kPassing.end(), message.err) != kPassing.end()) return 0;
    throw RetriableError(format("Topic {} cannot be read: {}", name_, rd_kafka_message_errstr(&message)));
}

size_t KafkaReader::consume(const Visit& visit, int timeout_ms) {
    // Waits for one message only: a batch would be waited for until it is full.
    const MessageHandle first(rd_kafka_consume_queue(queue_.get(), timeout_ms));
    if (!first) return 0;
    size_t visited = take(*first, visit);
    std::array<rd_kafka_message_t*, kMessagesPerCall> messages{};
    const auto count = rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data(), messages.size());
    if (count < 0)
        throw RetriableError(format("Topic {} cannot be read: {}", name_, rd_kafka_err2str(rd_kafka_last_error())));
    const std::vector<MessageHandle> owned(messages.begin(), messages.begin() + count);
    for (const auto& message : owned) visited += take(*message, visit);
    return visited;
}

size_t KafkaReader::poll(const Visit& visit, int64_t timeout_ms) {
    const int64_t deadline = steady_ms() + timeout_ms;
    std::optional<std::vector<int64_t>> ends;
    for (;;) {
        const int64_t left = deadline - steady_ms();
        if (partitions_.empty() && !find_partitions()) {
            if (left <= 0) return 0;
            rd_kafka_poll(client_.get(), static_cast<int>(std::min<int64_t>(left, kTopicRetryMs)));
            continue;
        }
        for (size_t partition = 0; partition < partitions_.size(); ++partition) start(partition);
        // What is there already is worth a fetch even to those who do not want to wait.
        if (left <= 0 && !ends) ends = admin_.end_offsets(name_, static_cast<int32_t>(partitions_.size()));
        const bool is_behind = ends && missing_before(*ends) > 0;
        constexpr int64_t kFetchMs = 200, kLongestMs = 1000;
        const size_t visited =
            consume(visit, static_cast<int>(is_behind ? kFetchMs : std::clamp<int64_t>(left, 0, kLongestMs)));
        if (visited != 0 || (left <= 0 && !is_behind)) return visited;
        if (left < -kStallMs) return 0;
    }
}

int64_t KafkaReader::missing_before(const std::vector<int64_t>& ends) const {
    int64_t count = 0;
    for (size_t partition = 0; partition < ends.size(); ++partition)
        count += std::max<int64_t>(0, ends[partition] - partitions_[partition].next);
    return count;
}

void KafkaReader::read_to_end(const Visit& visit) {
    if (!find_partitions()) return;
    const auto ends = admin_.end_offsets(name_, static_cast<int32_t>(partitions_.size()));
    // Empty partitions are left for later: a fetch of them would hold up the others.
    for (size_t partition = 0; partition < ends.size(); ++partition)
        if (partitions_[partition].next < ends[partition]) start(partition);
    int64_t last_progress = steady_ms();
    for (int64_t before = missing_before(ends); before > 0;) {
        consume(visit, 1000);
        const int64_t now = missing_before(ends);
        if (now != before) last_progress = steady_ms();
        before = now;
        if (steady_ms() - last_progress > kStallMs)
            throw RetriableError(
                format("Topic {} could not be read to its end: nothing came for {} s. Brokers are away, "
                       "or a transaction was left open",
                       name_, kStallMs / 1000));
    }
}

}  // namespace millrace::topiclog::kafka
