#include "events/heartbeat.h"

#include "base/json_text.h"
#include "events/envelope.h"

namespace millrace::events {

HeartbeatFormat::HeartbeatFormat()
    : key_(StructBuilder("io.debezium.connector.common.ServerNameKey")
               .field("serverName", record::Type::String)
               .build()),
      value_(StructBuilder("io.debezium.connector.common.Heartbeat").field("ts_ms", record::Type::Int64).build()) {}

std::string HeartbeatFormat::key_payload(const std::string& server) {
    std::string out = "{\"serverName\":";
    json_text::append_string(out, server);
    return out + "}";
}

std::string HeartbeatFormat::value_payload(int64_t ts_ms) {
    std::string out = "{\"ts_ms\":";
    json_text::append_int(out, ts_ms);
    return out + "}";
}

}  // namespace millrace::events
