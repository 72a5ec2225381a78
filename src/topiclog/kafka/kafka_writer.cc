#include "topiclog/kafka/kafka_writer.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/failpoint.h"
#include "base/text.h"

namespace millrace::topiclog::kafka {

KafkaWriter::KafkaWriter(ConfHandle conf, WriterOptions options, TopicCreation& topics)
    : TaskWriter(std::move(options), topics) {
    Producer::Options producer;
    producer.name = options_.connector;
    producer.delivered = [this](const rd_kafka_message_t& message, void* ticket) { delivered(message, ticket); };
    producer.after_reports = [this] { return after_reports(); };
    producer.health = options_.health;
    producer_ = std::make_unique<Producer>(std::move(conf), std::move(producer));
}

KafkaWriter::~KafkaWriter() {
    producer_.reset();  // its thread calls this object
}

void KafkaWriter::throw_if_failed() {
    if (fault_) std::rethrow_exception(fault_);
}

void KafkaWriter::fail(std::exception_ptr fault) {
    {
        const std::lock_guard lock(mutex_);
        if (fault_) return;
        fault_ = std::move(fault);
        changed_.notify_all();
    }
    producer_->abandon();
    if (options_.failed) options_.failed();
}

/// On the ack thread.
void KafkaWriter::delivered(const rd_kafka_message_t& message, void* ticket) {
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        try {
            throw_delivery_fault(message.err, rd_kafka_topic_name(message.rkt), "");
        } catch (...) {
            fail(std::current_exception());
        }
        return;
    }
    if (ticket == nullptr) {
        MILLRACE_FAILPOINT("kafka.offset_acked");
        const std::lock_guard lock(mutex_);
        offset_in_flight_ = false;
        changed_.notify_all();
        return;
    }
    // Counted by this thread alone once the batch is handed over.
    auto* batch = static_cast<InFlight*>(ticket);
    if (--batch->records != 0) return;
    MILLRACE_FAILPOINT("kafka.batch_acked");
    const std::lock_guard lock(mutex_);
    while (!in_flight_.empty() && in_flight_.front()->records == 0) {
        if (in_flight_.front()->offset) due_ = std::move(in_flight_.front()->offset);
        in_flight_.pop_front();
    }
    changed_.notify_all();
}

/// Returns after how many ms an offset will be due.
int KafkaWriter::after_reports() {
    std::unique_lock lock(mutex_);
    constexpr int kNoHurryMs = 100;
    if (!due_ || offset_in_flight_ || fault_) return kNoHurryMs;
    if (!may_write()) return kNoHurryMs;
    const int64_t wait = last_offset_ms_ + options_.offset_linger_ms - steady_ms();
    if (wait > 0 && !flushing_) return static_cast<int>(std::min<int64_t>(wait, kNoHurryMs));
    send_due_offset(lock);
    return kNoHurryMs;
}

void KafkaWriter::send_due_offset(std::unique_lock<std::mutex>& lock) {
    const OffsetRecord offset = *due_;
    offset_in_flight_ = true;
    last_offset_ms_ = steady_ms();
    due_.reset();
    lock.unlock();
    MILLRACE_FAILPOINT("kafka.before_offset");
    bool taken = false;
    try {
        taken = producer_->try_produce(offset.topic, offset.key, offset.value, now_ms(), nullptr);
    } catch (...) {
        fail(std::current_exception());
    }
    if (taken) return;
    lock.lock();
    offset_in_flight_ = false;
    if (!due_) due_ = offset;
}

void KafkaWriter::write(AppendBatch& batch, const std::optional<OffsetRecord>& offset) {
    InFlight* mine = nullptr;
    {
        const std::lock_guard lock(mutex_);
        throw_if_failed();
        if (batch.empty()) {
            if (!offset) return;
            if (in_flight_.empty())
                due_ = offset;
            else
                in_flight_.back()->offset = offset;
            return;
        }
        in_flight_.push_back(std::make_unique<InFlight>(InFlight{batch.entries().size(), offset}));
        mine = in_flight_.back().get();
    }
    require_may_write();
    producer_->produce(batch, mine);
    MILLRACE_FAILPOINT("sender.after_append");
}

void KafkaWriter::abandon() {
    fail(std::make_exception_ptr(RetriableError("The task is being stopped without waiting for Kafka")));
}

void KafkaWriter::flush() {
    std::unique_lock lock(mutex_);
    flushing_ = true;
    producer_->wake();
    changed_.wait(lock, [&] { return fault_ || is_idle(); });
    flushing_ = false;
    throw_if_failed();
}

}  // namespace millrace::topiclog::kafka
