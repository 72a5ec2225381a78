#include "source/engine/notifier.h"

#include "base/calendar.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::engine {
namespace {

/// As `new HashMap<>(data)` and one put() behind it lay them out.
Notifier::Data in_java_order(const Notifier::Data& data) {
    std::vector<std::string> names;
    for (const auto& entry : data) names.push_back(entry.first);
    const size_t copied = data.size() - 1;
    size_t capacity = 16;
    if (copied > 0)
        for (capacity = 1; capacity < copied * 4 / 3 + 1;) capacity *= 2;
    Notifier::Data ordered;
    for (const size_t i : java_hash_order(names, capacity)) ordered.push_back(data[i]);
    return ordered;
}

}  // namespace

Notifier::Notifier(const config::Settings& settings, const convert::JsonConverterOptions& key,
                   const convert::JsonConverterOptions& value)
    : connector_(settings.text("topic.prefix")),
      key_suffix_(convert::payload_suffix(key)),
      value_suffix_(convert::payload_suffix(value)) {
    constexpr const char* kTopic = "notification.sink.topic.name";
    for (const auto& channel : settings.list("notification.enabled.channels")) {
        if (channel == "sink") {
            topic_ = settings.text(kTopic);
            if (topic_.empty())
                throw ConfigError(kTopic, format("The '{}' value is invalid: Notification topic name must be provided "
                                                 "when kafka notification channel is enabled",
                                                 kTopic));
        } else if (channel == "log") {
            logs_ = true;
        }
    }
    const events::NotificationFormat format;
    key_prefix_ = convert::payload_prefix(key, *format.key_schema());
    value_prefix_ = convert::payload_prefix(value, *format.value_schema());
}

void Notifier::send(topiclog::AppendBatch& batch, events::Notification notification, const Data& data) {
    if (topic_.empty() && !logs_) return;
    notification.timestamp_ms = now_ms();
    notification.additional_data = data;
    notification.additional_data.emplace_back("connector_name", connector_);
    notification.additional_data = in_java_order(notification.additional_data);
    if (logs_) {
        std::vector<std::string> words;
        for (const auto& [name, value] : notification.additional_data) words.push_back(format("{}={}", name, value));
        log::info("notification",
                  format("[Notification Service]  {{aggregateType='{}', type='{}', id='{}', "
                         "additionalData={{{}}}}}",
                         notification.aggregate_type, notification.type, notification.id, join(words, ", ")));
    }
    if (topic_.empty()) return;
    const std::string key = key_prefix_ + events::NotificationFormat::key_payload(notification) + key_suffix_;
    const std::string value = value_prefix_ + events::NotificationFormat::value_payload(notification) + value_suffix_;
    batch.add(topic_, &key, &value, notification.timestamp_ms);
}

void Notifier::initial(topiclog::AppendBatch& batch, const std::string& type, const Data& data) {
    send(batch, {uuid_v7(), "Initial Snapshot", type, {}, 0}, data);
}

void Notifier::incremental(topiclog::AppendBatch& batch, const std::string& id, const std::string& type,
                           const Data& data) {
    send(batch, {id.empty() ? uuid_v7() : id, "Incremental Snapshot", type, {}, 0}, data);
}

}  // namespace millrace::engine
