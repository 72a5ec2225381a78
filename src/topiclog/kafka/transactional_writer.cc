#include "topiclog/kafka/transactional_writer.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/failpoint.h"
#include "base/text.h"

namespace millrace::topiclog::kafka {
namespace {

/// How long one step of a transaction is waited for before it is asked for again.
constexpr int kStepMs = 2'000;
constexpr int kCommitterTickMs = 10;

[[noreturn]] void throw_transaction_fault(const rd_kafka_error_t* error, const char* what) {
    const std::string text = format("Kafka did not {} the transaction: {} ({})", what, rd_kafka_error_name(error),
                                    rd_kafka_error_string(error));
    switch (rd_kafka_error_code(error)) {
        case RD_KAFKA_RESP_ERR__FENCED:
        case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
        case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
            throw FatalError(text + ". Another instance of this task has taken over; this one writes nothing more");
        case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            throw RetriableError(text + ". Grant the worker's user WRITE and DESCRIBE on its transactional ids",
                                 RetriableError::Shown::Failed);
        default:
            throw RetriableError(text);
    }
}

/// Repeats `step` while its fault is one that passes.
template <typename Step>
void attempt(const char* what, const std::atomic<bool>& abandoned, Step&& step) {
    for (;;) {
        const ErrorHandle error(step());
        if (!error) return;
        if (rd_kafka_error_is_retriable(error.get()) != 0 && !abandoned) continue;
        throw_transaction_fault(error.get(), what);
    }
}

}  // namespace

TransactionalWriter::TransactionalWriter(ConfHandle conf, WriterOptions options, const WriterContext& context)
    : TaskWriter(std::move(options), context),
      interval_ms_(options_.refusal.skips ? 0 : options_.transaction_interval_ms) {
    Producer::Options producer;
    producer.name = options_.connector;
    producer.health = options_.health;
    producer.refused = [this](const RefusedRecord& record) { return leave_out(record); };
    producer.delivered = [this](const rd_kafka_message_t& message, void*) {
        if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) not_delivered(message);
    };
    producer_ = std::make_unique<Producer>(std::move(conf), std::move(producer));
    constexpr int kInitTries = 30;
    for (int tries = 0;; ++tries) {
        const ErrorHandle error(rd_kafka_init_transactions(producer_->client(), kStepMs));
        if (!error) break;
        if (rd_kafka_error_is_retriable(error.get()) == 0 || tries == kInitTries)
            throw_transaction_fault(error.get(), "prepare");
    }
    if (interval_ms_ == 0) return;
    committer_ = std::jthread([this](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "txn-committer");
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(kCommitterTickMs));
            const std::lock_guard lock(mutex_);
            if (!is_open_ || steady_ms() - opened_ms_ < interval_ms_ || fault_) continue;
            try {
                commit();
            } catch (...) {
                fault_ = std::current_exception();
                if (options_.failed) options_.failed();
            }
        }
    });
}

TransactionalWriter::~TransactionalWriter() {
    if (committer_.joinable()) {
        committer_.request_stop();
        committer_.join();
    }
    // Nobody waits for an open transaction to time out.
    if (is_open_) ErrorHandle(rd_kafka_abort_transaction(producer_->client(), kStepMs));
    producer_->close();
}

void TransactionalWriter::throw_if_refused() {
    const std::lock_guard lock(refusal_mutex_);
    if (refusal_) std::rethrow_exception(refusal_);
}

void TransactionalWriter::begin() {
    if (is_open_) return;
    attempt("begin", abandoned_, [&] { return rd_kafka_begin_transaction(producer_->client()); });
    is_open_ = true;
    opened_ms_ = steady_ms();
}

void TransactionalWriter::commit() {
    if (!is_open_) return;
    MILLRACE_FAILPOINT("kafka.before_commit");
    try {
        attempt("commit", abandoned_, [&] { return rd_kafka_commit_transaction(producer_->client(), kStepMs); });
    } catch (const std::exception&) {
        throw_if_refused();  // a record's refusal says more than "not all messages were delivered"
        throw;
    }
    is_open_ = false;
    if (options_.durable) options_.durable(commits_);
    if (mark_ && options_.offset_durable) options_.offset_durable(*mark_);
    mark_.reset();
    commits_.clear();
    MILLRACE_FAILPOINT("kafka.after_commit");
}

void TransactionalWriter::abort() {
    attempt("abort", abandoned_, [&] { return rd_kafka_abort_transaction(producer_->client(), kStepMs); });
    is_open_ = false;
}

/// On the ack thread.
void TransactionalWriter::not_delivered(const rd_kafka_message_t& message) {
    if (message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) return;
    {
        const std::lock_guard lock(refusal_mutex_);
        if (refusal_) return;
    }
    const ReportedRecord reported(message);
    try {
        consider_batch_size(reported.record());
        if (message._private != nullptr && leave_out(reported.record())) {
            const std::lock_guard lock(refusal_mutex_);
            must_rewrite_ = true;
            return;
        }
        throw_delivery_fault(message.err, rd_kafka_topic_name(message.rkt), reported.record().details());
    } catch (...) {
        const std::lock_guard lock(refusal_mutex_);
        if (!refusal_) refusal_ = std::current_exception();  // write() throws it
    }
}

/// Notes its number and its letter. False: the record may not be left out.
bool TransactionalWriter::leave_out(const RefusedRecord& record) {
    if (!is_left_out(record)) return false;
    note_left_out(record);
    const std::lock_guard lock(refusal_mutex_);
    left_out_.insert(reinterpret_cast<size_t>(record.ticket));
    if (options_.refusal.dead_letter_topic.empty()) return true;
    Letter letter;
    letter.has_key = record.key != nullptr;
    if (letter.has_key) letter.key = *record.key;
    letter.has_value = record.value != nullptr;
    if (letter.has_value) letter.value = *record.value;
    letter.timestamp_ms = record.timestamp_ms;
    letter.headers = dead_letter_headers(record, options_);
    letters_.push_back(std::move(letter));
    return true;
}

/// Without their values where the client does not take them. A letter that the broker refuses fails the task.
void TransactionalWriter::send_letters() {
    const auto letters = [&] {
        const std::lock_guard lock(refusal_mutex_);
        return letters_;
    }();
    const std::string& topic = options_.refusal.dead_letter_topic;
    for (const auto& letter : letters) {
        const std::string_view key = letter.key;
        const std::string_view value = letter.value;
        RefusedRecord record;
        record.key = letter.has_key ? &key : nullptr;
        record.value = letter.has_value ? &value : nullptr;
        record.timestamp_ms = letter.timestamp_ms;
        for (bool with_value = true;;) {
            const auto error = producer_->try_produce_letter(topic, record, letter.headers, with_value);
            if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
            if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                producer_->wait_for_room();
            else if (!std::exchange(with_value, false))
                throw_delivery_fault(error, topic, " (a dead letter)");
        }
    }
}

void TransactionalWriter::write_transaction(const AppendBatch& batch) {
    begin();
    std::set<size_t> left_out;
    {
        const std::lock_guard lock(refusal_mutex_);
        left_out = left_out_;
        must_rewrite_ = false;
    }
    producer_->produce_numbered(batch, left_out);
    send_letters();
    MILLRACE_FAILPOINT("sender.after_append");
    if (interval_ms_ == 0 || steady_ms() - opened_ms_ >= interval_ms_) commit();
}

void TransactionalWriter::write(AppendBatch& batch, const std::optional<OffsetRecord>& offset) {
    const std::lock_guard lock(mutex_);
    if (fault_) std::rethrow_exception(fault_);
    throw_if_refused();
    if (batch.empty() && !offset) return;
    require_may_write();
    commits_.insert(commits_.end(), batch.commits().begin(), batch.commits().end());
    if (offset) batch.add(offset->topic, &offset->key, &offset->value, now_ms());
    if (offset) mark_ = offset->mark;
    {
        const std::lock_guard refusals(refusal_mutex_);
        left_out_.clear();
        letters_.clear();
    }
    for (;;) {
        try {
            return write_transaction(batch);
        } catch (const std::exception&) {
            throw_if_refused();
            const bool again = [&] {
                const std::lock_guard refusals(refusal_mutex_);
                return must_rewrite_;
            }();
            if (!again) throw;
        }
        abort();
    }
}

void TransactionalWriter::abandon() {
    abandoned_ = true;
    producer_->abandon();
}

void TransactionalWriter::flush() {
    const std::lock_guard lock(mutex_);
    if (fault_) std::rethrow_exception(fault_);
    commit();
}

}  // namespace millrace::topiclog::kafka
