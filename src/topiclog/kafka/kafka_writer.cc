#include "topiclog/kafka/kafka_writer.h"

#include <algorithm>
#include <utility>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::topiclog::kafka {

KafkaWriter::KafkaWriter(ConfHandle conf, WriterOptions options, const WriterContext& context)
    : TaskWriter(std::move(options), context) {
    Producer::Options producer;
    producer.name = options_.connector;
    producer.delivered = [this](const rd_kafka_message_t& message, void* ticket) { delivered(message, ticket); };
    producer.refused = [this](const RefusedRecord& record) { return leave_out(record, true); };
    producer.after_reports = [this] { return after_reports(); };
    producer.health = options_.health;
    producer_ = std::make_unique<Producer>(std::move(conf), std::move(producer));
}

KafkaWriter::~KafkaWriter() {
    producer_->close();  // its thread calls this object, which calls it
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
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return not_delivered(message);
    if (ticket == nullptr) {
        MILLRACE_FAILPOINT("kafka.offset_acked");
        const std::lock_guard lock(mutex_);
        offset_in_flight_ = false;
        if (options_.offset_durable) options_.offset_durable(mark_in_flight_);
        changed_.notify_all();
        return;
    }
    settle(*static_cast<InFlight*>(ticket));
}

/// One of the batch's records is where it belongs.
void KafkaWriter::settle(InFlight& batch) {
    if (batch.records.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    MILLRACE_FAILPOINT("kafka.batch_acked");
    const std::lock_guard lock(mutex_);
    while (!in_flight_.empty() && in_flight_.front()->records == 0) {
        if (options_.durable) options_.durable(in_flight_.front()->commits);
        if (in_flight_.front()->offset) due_ = std::move(in_flight_.front()->offset);
        in_flight_.pop_front();
    }
    changed_.notify_all();
}

void KafkaWriter::not_delivered(const rd_kafka_message_t& message) {
    {
        const std::lock_guard lock(mutex_);
        if (fault_) return;
    }
    try {
        const ReportedRecord reported(message);
        consider_batch_size(reported.record());
        if (message._private != nullptr && leave_out(reported.record(), false)) return;
        throw_delivery_fault(message.err, rd_kafka_topic_name(message.rkt), reported.record().details());
    } catch (...) {
        fail(std::current_exception());
    }
}

/// False: the record may not be left out. Its dead letter, if there is one, takes its place in the batch.
bool KafkaWriter::leave_out(const RefusedRecord& record, bool may_wait) {
    if (!is_left_out(record)) return false;
    const bool is_letter = is_dead_letter(record);
    if (!is_letter) note_left_out(record);
    if (is_letter && record.value == nullptr) {
        log::error("kafka",
                   format("The dead letter topic {} does not take a letter{}", record.topic, record.details()));
    } else if (!options_.refusal.dead_letter_topic.empty()) {
        if (send_letter(record, is_letter ? record.headers : dead_letter_headers(record, options_), may_wait))
            return true;
    }
    settle(*static_cast<InFlight*>(record.ticket));
    return true;
}

/// With its value where that is taken. False: not even without. Throws RetriableError if there is no room for it.
bool KafkaWriter::send_letter(const RefusedRecord& record, const Headers& headers, bool may_wait) {
    const std::string& topic = options_.refusal.dead_letter_topic;
    for (bool with_value = !is_dead_letter(record);;) {
        const auto error = producer_->try_produce_letter(topic, record, headers, with_value);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && !may_wait)
            throw RetriableError(format("There is no room for a dead letter to {}", topic));
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            producer_->wait_for_room();
        else if (!std::exchange(with_value, false))
            return false;
    }
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
    mark_in_flight_ = offset.mark;
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
        in_flight_.push_back(std::make_unique<InFlight>());
        mine = in_flight_.back().get();
        mine->records = batch.entries().size();
        mine->offset = offset;
        mine->commits = batch.take_commits();
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
