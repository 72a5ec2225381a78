#include "source/engine/heartbeat.h"

#include "base/calendar.h"
#include "base/log.h"
#include "base/text.h"
#include "events/heartbeat.h"

namespace millrace::engine {

Heartbeat::Heartbeat(Options options, const convert::JsonConverterOptions& key,
                     const convert::JsonConverterOptions& value)
    : options_(std::move(options)), last_ms_(steady_ms()) {
    const events::HeartbeatFormat format;
    key_ = convert::payload_prefix(key, *format.key_schema()) + events::HeartbeatFormat::key_payload(options_.server) +
           std::string(convert::payload_suffix(key));
    value_prefix_ = convert::payload_prefix(value, *format.value_schema());
    value_suffix_ = convert::payload_suffix(value);
}

bool Heartbeat::is_due() const {
    return options_.interval_ms > 0 && steady_ms() - last_ms_ >= options_.interval_ms;
}

void Heartbeat::act() {
    if (options_.action_query.empty()) return;
    try {
        options_.run_query(options_.action_query);
    } catch (const std::exception& fault) {
        log::error(options_.logger,
                   millrace::format("Could not execute heartbeat action (heartbeat.action.query): {}", fault.what()));
    }
}

void Heartbeat::write(topiclog::AppendBatch& batch) {
    last_ms_ = steady_ms();
    const int64_t now = now_ms();
    const std::string value = value_prefix_ + events::HeartbeatFormat::value_payload(now) + value_suffix_;
    batch.add(options_.topic, &key_, &value, now);
}

}  // namespace millrace::engine
