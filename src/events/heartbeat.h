#pragma once

#include <cstdint>
#include <string>

#include "record/schema.h"

namespace millrace::events {

/// The record that says that a connector is alive and how far it is: io.debezium.connector.common.Heartbeat to the
/// topic <topic.heartbeat.prefix><topic.delimiter><topic.prefix>, without headers.
class HeartbeatFormat {
  public:
    HeartbeatFormat();
    const record::SchemaPtr& key_schema() const { return key_; }
    const record::SchemaPtr& value_schema() const { return value_; }
    static std::string key_payload(const std::string& server);
    static std::string value_payload(int64_t ts_ms);

  private:
    record::SchemaPtr key_;
    record::SchemaPtr value_;
};

}  // namespace millrace::events
