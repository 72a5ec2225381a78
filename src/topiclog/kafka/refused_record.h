#pragma once

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

#include "topiclog/append_batch.h"
#include "topiclog/topic_log.h"

namespace millrace::topiclog::kafka {

/// A record that Kafka, or its client, does not take, and what is known of it.
struct RefusedRecord {
    std::string_view topic;
    int32_t partition = -1;                 ///< -1: it was refused before it had one.
    const std::string_view* key = nullptr;  ///< nullptr: null.
    const std::string_view* value = nullptr;
    Headers headers;
    int64_t timestamp_ms = 0;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    void* ticket = nullptr;

    size_t value_size() const { return value == nullptr ? 0 : value->size(); }
    /// "; the record's key is {…}, its size 123 bytes"
    std::string details() const;
};

/// Whether an error is about the record itself: another record, or none, may go where this one cannot.
bool is_of_the_record(rd_kafka_resp_err_t error);

/// The headers of its dead letter: its own and, if `with_context`, Kafka Connect's __connect.errors.* for it.
Headers dead_letter_headers(const RefusedRecord& record, const WriterOptions& options);

/// Writes to the log that it is left out.
void log_skipped(const RefusedRecord& record, const WriterOptions& options);

}  // namespace millrace::topiclog::kafka
