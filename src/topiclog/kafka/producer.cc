#include "topiclog/kafka/producer.h"

#include <pthread.h>

#include <algorithm>
#include <array>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "topiclog/kafka/admin.h"

namespace millrace::topiclog::kafka {
namespace {

constexpr int kReportsWaitMs = 100;
constexpr int64_t kStallMs = 3'000;

void add_header(rd_kafka_headers_t* headers, const std::string& name, const std::optional<std::string>& value) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value ? value->data() : nullptr,
                        value ? static_cast<ssize_t>(value->size()) : 0);
}

}  // namespace

void throw_delivery_fault(rd_kafka_resp_err_t error, const std::string& topic, const std::string& details) {
    const std::string text = format("Kafka does not take records for topic {}: {} ({}){}", topic,
                                    rd_kafka_err2name(error), rd_kafka_err2str(error), details);
    switch (error) {
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
            throw FatalError(text + ". Raise producer.override.max.request.size and the topic's max.message.bytes");
        case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
            throw FatalError(text + ". Change topic.prefix or the topic naming so that the name is legal");
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
            throw RetriableError(text + ". Grant the worker's user WRITE and DESCRIBE on it",
                                 RetriableError::Shown::Failed);
        case RD_KAFKA_RESP_ERR_INVALID_RECORD:
            throw FatalError(text + ". The topic is compacted and the record has no key, or the broker checks more");
        default:
            throw RetriableError(text);
    }
}

Producer::Producer(ConfHandle conf, Options options) : options_(std::move(options)) {
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
        static_cast<Producer*>(self)->note_delivery(*message);
    });
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int error, const char* reason, void* self) {
        static_cast<Producer*>(self)->last_error_ =
            format("{} ({})", reason, rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(error)));
    });
    client_ = make_client(RD_KAFKA_PRODUCER, std::move(conf));
    acks_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Producer::close() {
    if (!acks_.joinable()) return;
    acks_.request_stop();
    acks_.join();
}

Producer::~Producer() {
    close();
    // What was not acknowledged is told nobody any more; the offset has not moved past it.
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    headers_.reset();
    topics_.clear();
}

void Producer::note_delivery(const rd_kafka_message_t& message) {
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) last_progress_ms_ = steady_ms();
    if (options_.delivered) options_.delivered(message, message._private);
}

/// Tells of records that nobody acknowledges, and when that is over.
void Producer::watch_progress() {
    const int waiting = rd_kafka_outq_len(client_.get());
    const int64_t now = steady_ms();
    if (waiting == 0 || waiting < last_waiting_) last_progress_ms_ = now;
    last_waiting_ = waiting;
    const bool stalls = now - last_progress_ms_ > kStallMs;
    if (stalls == is_stalled_) return;
    is_stalled_ = stalls;
    if (!options_.health) return;
    if (stalls)
        options_.health(format("Kafka acknowledges no records{}", last_error_.empty() ? "" : ": " + last_error_));
    else
        options_.health(std::nullopt);
    last_error_.clear();
}

void Producer::run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), ("ack-" + options_.name).substr(0, 15).c_str());
    int wait_ms = kReportsWaitMs;
    last_progress_ms_ = steady_ms();
    while (!stop.stop_requested()) {
        if (rd_kafka_poll(client_.get(), wait_ms) > 0) {
            const std::lock_guard lock(mutex_);
            room_.notify_all();
        }
        watch_progress();
        wait_ms = options_.after_reports ? std::clamp(options_.after_reports(), 0, kReportsWaitMs) : kReportsWaitMs;
    }
}

rd_kafka_topic_t* Producer::topic(const std::string& name) {
    const std::lock_guard lock(mutex_);
    auto& handle = topics_[name];
    if (!handle) handle.reset(rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
    if (!handle) throw_delivery_fault(rd_kafka_last_error(), name, "");
    return handle.get();
}

/// A copy for one record: the client owns what it is given.
rd_kafka_headers_t* Producer::headers(const std::string* encoded) {
    if (encoded == nullptr || encoded->empty()) return nullptr;
    if (encoded != last_headers_) {
        const Headers decoded = decode_headers(*encoded);
        headers_.reset(rd_kafka_headers_new(decoded.size()));
        for (const auto& [name, value] : decoded) add_header(headers_.get(), name, value);
        last_headers_ = encoded;
    }
    return rd_kafka_headers_copy(headers_.get());
}

void Producer::wait_for_room() {
    std::unique_lock lock(mutex_);
    room_.wait_for(lock, std::chrono::milliseconds(kReportsWaitMs));
    if (abandoned_) throw RetriableError("The producer has failed; the cause was reported");
}

rd_kafka_resp_err_t Producer::send(rd_kafka_topic_t* topic, Bytes key, Bytes value, int64_t timestamp_ms,
                                   rd_kafka_headers_t* headers, void* ticket, int32_t partition) {
    std::array<rd_kafka_vu_t, 8> parts{};
    parts[0].vtype = RD_KAFKA_VTYPE_RKT;
    parts[0].u.rkt = topic;
    parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    parts[1].u.i32 = partition;
    parts[2].vtype = RD_KAFKA_VTYPE_KEY;
    parts[2].u.mem = {const_cast<void*>(key.data), key.size};
    parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[3].u.mem = {const_cast<void*>(value.data), value.size};
    parts[4].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    parts[4].u.i64 = timestamp_ms;
    parts[5].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[5].u.i = value.data != nullptr ? RD_KAFKA_MSG_F_COPY : 0;
    parts[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
    parts[6].u.ptr = ticket;
    parts[7].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[7].u.headers = headers;
    const ErrorHandle refusal(
        rd_kafka_produceva(client_.get(), parts.data(), headers != nullptr ? parts.size() : parts.size() - 1));
    return refusal ? rd_kafka_error_code(refusal.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

/// A record's key or value in one piece, in a buffer of ours.
Producer::Bytes Producer::joined(const AppendBatch& batch, const AppendBatch::Text& text, std::string& buffer) {
    if (text.is_null) return {};
    const std::string_view own = batch.own_bytes(text);
    if (text.prefix == nullptr) return {own.data(), own.size()};
    buffer.assign(*text.prefix);
    buffer.append(own);
    return {buffer.data(), buffer.size()};
}

void Producer::refuse(const AppendBatch::Entry& entry, rd_kafka_topic_t* topic, Bytes key, Bytes value,
                      rd_kafka_resp_err_t error, void* ticket) {
    const std::string_view key_text(static_cast<const char*>(key.data), key.size);
    const std::string_view value_text(static_cast<const char*>(value.data), value.size);
    const RefusedRecord record{rd_kafka_topic_name(topic),
                               -1,
                               key.data == nullptr ? nullptr : &key_text,
                               value.data == nullptr ? nullptr : &value_text,
                               entry.headers == nullptr ? Headers() : decode_headers(*entry.headers),
                               entry.timestamp_ms,
                               error,
                               ticket};
    if (options_.refused && options_.refused(record)) return;
    throw_delivery_fault(error, rd_kafka_topic_name(topic), record.details());
}

void Producer::send_entry(const AppendBatch& batch, const AppendBatch::Entry& entry, rd_kafka_topic_t* topic,
                          void* ticket) {
    const Bytes key = joined(batch, entry.key, key_);
    const Bytes value = joined(batch, entry.value, value_);
    rd_kafka_headers_t* own_headers = headers(entry.headers);
    for (;;) {
        const auto error = send(topic, key, value, entry.timestamp_ms, own_headers, ticket,
                                entry.partition < 0 ? RD_KAFKA_PARTITION_UA : entry.partition);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            wait_for_room();
            continue;
        }
        if (own_headers != nullptr) rd_kafka_headers_destroy(own_headers);
        return refuse(entry, topic, key, value, error, ticket);
    }
}

std::vector<rd_kafka_topic_t*> Producer::topics_of(const AppendBatch& batch) {
    std::vector<rd_kafka_topic_t*> by_slot;
    for (uint32_t slot = 0; slot < batch.topic_count(); ++slot) by_slot.push_back(topic(batch.topic(slot)));
    last_headers_ = nullptr;  // addresses of an earlier batch may have been used again
    return by_slot;
}

void Producer::produce(const AppendBatch& batch, void* ticket) {
    const auto topics = topics_of(batch);
    for (const auto& entry : batch.entries()) send_entry(batch, entry, topics[entry.slot], ticket);
}

void Producer::produce_numbered(const AppendBatch& batch, const std::set<size_t>& left_out) {
    const auto topics = topics_of(batch);
    size_t number = 0;
    for (const auto& entry : batch.entries()) {
        ++number;
        if (!left_out.empty() && left_out.contains(number)) continue;
        send_entry(batch, entry, topics[entry.slot], reinterpret_cast<void*>(number));
    }
}

bool Producer::try_produce(const std::string& topic_name, const std::string& key, const std::string& value,
                           int64_t timestamp_ms, void* ticket) {
    const auto error =
        send(topic(topic_name), {key.data(), key.size()}, {value.data(), value.size()}, timestamp_ms, nullptr, ticket);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw_delivery_fault(error, topic_name, format("; the record's key is {}, its size {}", key, value.size()));
    return true;
}

rd_kafka_resp_err_t Producer::try_produce_letter(const std::string& topic_name, const RefusedRecord& record,
                                                 const Headers& headers, bool with_value) {
    HeadersHandle own(rd_kafka_headers_new(headers.size()));
    for (const auto& [name, value] : headers) add_header(own.get(), name, value);
    const Bytes key = record.key == nullptr ? Bytes{} : Bytes{record.key->data(), record.key->size()};
    const Bytes value =
        record.value == nullptr || !with_value ? Bytes{} : Bytes{record.value->data(), record.value->size()};
    const auto error = send(topic(topic_name), key, value, record.timestamp_ms, own.get(), record.ticket);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) static_cast<void>(own.release());  // the client's now
    return error;
}

ReportedRecord::ReportedRecord(const rd_kafka_message_t& message)
    : key_(static_cast<const char*>(message.key), message.key_len),
      value_(static_cast<const char*>(message.payload), message.len) {
    record_.topic = rd_kafka_topic_name(message.rkt);
    record_.partition = message.partition;
    if (message.key != nullptr) record_.key = &key_;
    if (message.payload != nullptr) record_.value = &value_;
    record_.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
    record_.error = message.err;
    record_.ticket = message._private;
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
        record_.headers.emplace_back(name, header_value(value, size));
}

void Producer::wake() {
    const QueueHandle queue(rd_kafka_queue_get_main(client_.get()));
    rd_kafka_queue_yield(queue.get());
}

}  // namespace millrace::topiclog::kafka
