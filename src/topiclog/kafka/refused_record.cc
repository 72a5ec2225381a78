#include "topiclog/kafka/refused_record.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace millrace::topiclog::kafka {
namespace {

constexpr size_t kShownKeyBytes = 200;
constexpr const char* kStage = "KAFKA_PRODUCE";
/// The class that says so in Kafka Connect, for tools that look at the header.
constexpr const char* kClass = "org.apache.kafka.connect.runtime.WorkerSourceTask";

const char* exception_class(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? "org.apache.kafka.common.errors.RecordTooLargeException"
                                                         : "org.apache.kafka.common.InvalidRecordException";
}

std::string cause(const RefusedRecord& record) {
    return format("{} ({}){}", rd_kafka_err2name(record.error), rd_kafka_err2str(record.error), record.details());
}

}  // namespace

std::string RefusedRecord::details() const {
    const std::string shown = key == nullptr ? "null" : std::string(key->substr(0, kShownKeyBytes));
    return format("; the record's key is {}, its size {} bytes", shown, value_size());
}

bool is_of_the_record(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
           error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
}

Headers dead_letter_headers(const RefusedRecord& record, const WriterOptions& options) {
    Headers headers = record.headers;
    if (!options.refusal.adds_context) return headers;
    const auto add = [&](const char* name, std::string value) {
        headers.emplace_back(std::string("__connect.errors.") + name, std::move(value));
    };
    add("topic", std::string(record.topic));
    if (record.partition >= 0) add("partition", std::to_string(record.partition));
    add("connector.name", options.connector);
    add("task.id", std::to_string(options.task));
    add("stage", kStage);
    add("class.name", kClass);
    add("exception.class.name", exception_class(record.error));
    add("exception.message", cause(record));
    add("value.size", std::to_string(record.value_size()));
    return headers;
}

void log_skipped(const RefusedRecord& record, const WriterOptions& options) {
    std::string content;
    if (options.refusal.logs_content && record.value != nullptr)
        content = "; its value is " + std::string(*record.value);
    log::warn("kafka",
              format("Error encountered in task {}-{}. Executing stage '{}': a record for topic {} is left out "
                     "(errors.tolerance=all): {}{}{}",
                     options.connector, options.task, kStage, record.topic, cause(record),
                     options.refusal.dead_letter_topic.empty() ? "" : "; kept in " + options.refusal.dead_letter_topic,
                     content));
}

}  // namespace millrace::topiclog::kafka
