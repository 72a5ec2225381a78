#include "topiclog/kafka/transactional_writer.h"

#include <pthread.h>

#include <algorithm>

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

TransactionalWriter::TransactionalWriter(ConfHandle conf, WriterOptions options, TopicCreation& topics)
    : TaskWriter(std::move(options), topics) {
    Producer::Options producer;
    producer.name = options_.connector;
    producer.health = options_.health;
    producer.delivered = [this](const rd_kafka_message_t& message, void*) {
        if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
        const std::lock_guard lock(refusal_mutex_);
        if (refusal_) return;
        try {
            throw_delivery_fault(message.err, rd_kafka_topic_name(message.rkt), "");
        } catch (...) {
            refusal_ = std::current_exception();  // write() throws it
        }
    };
    producer_ = std::make_unique<Producer>(std::move(conf), std::move(producer));
    constexpr int kInitTries = 30;
    for (int tries = 0;; ++tries) {
        const ErrorHandle error(rd_kafka_init_transactions(producer_->client(), kStepMs));
        if (!error) break;
        if (rd_kafka_error_is_retriable(error.get()) == 0 || tries == kInitTries)
            throw_transaction_fault(error.get(), "prepare");
    }
    if (options_.transaction_interval_ms == 0) return;
    committer_ = std::jthread([this](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "txn-committer");
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(kCommitterTickMs));
            const std::lock_guard lock(mutex_);
            if (!is_open_ || steady_ms() - opened_ms_ < options_.transaction_interval_ms || fault_) continue;
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
    producer_.reset();
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
    MILLRACE_FAILPOINT("kafka.after_commit");
}

void TransactionalWriter::write(AppendBatch& batch, const std::optional<OffsetRecord>& offset) {
    const std::lock_guard lock(mutex_);
    if (fault_) std::rethrow_exception(fault_);
    throw_if_refused();
    if (batch.empty() && !offset) return;
    require_may_write();
    begin();
    if (offset) batch.add(offset->topic, &offset->key, &offset->value, now_ms());
    try {
        producer_->produce(batch, nullptr);
    } catch (const std::exception&) {
        throw_if_refused();
        throw;
    }
    MILLRACE_FAILPOINT("sender.after_append");
    if (options_.transaction_interval_ms == 0 || steady_ms() - opened_ms_ >= options_.transaction_interval_ms) commit();
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
