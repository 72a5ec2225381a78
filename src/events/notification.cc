#include "events/notification.h"

#include "base/json_text.h"
#include "events/envelope.h"

namespace millrace::events {

using json_text::append_string;
using record::Type;

NotificationFormat::NotificationFormat()
    : key_(StructBuilder("io.debezium.connector.common.NotificationKey").field("id", Type::String).build()) {
    record::Schema data{.type = Type::Map, .optional = true};
    data.keys = record::plain(Type::String);
    data.items = record::plain(Type::String);
    value_ = StructBuilder("io.debezium.connector.common.Notification")
                 .field("id", Type::String)
                 .field("type", Type::String)
                 .field("aggregate_type", Type::String)
                 .field("additional_data", std::make_shared<const record::Schema>(std::move(data)))
                 .field("timestamp", Type::Int64)
                 .build();
}

std::string NotificationFormat::key_payload(const Notification& notification) {
    std::string out = "{\"id\":";
    append_string(out, notification.id);
    return out + "}";
}

std::string NotificationFormat::value_payload(const Notification& notification) {
    std::string out = "{\"id\":";
    append_string(out, notification.id);
    out += ",\"type\":";
    append_string(out, notification.type);
    out += ",\"aggregate_type\":";
    append_string(out, notification.aggregate_type);
    out += ",\"additional_data\":{";
    for (const auto& [name, value] : notification.additional_data) {
        if (&name != &notification.additional_data.front().first) out += ',';
        append_string(out, name);
        out += ':';
        append_string(out, value);
    }
    out += "},\"timestamp\":";
    json_text::append_int(out, notification.timestamp_ms);
    return out + "}";
}

}  // namespace millrace::events
