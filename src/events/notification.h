#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "record/schema.h"

namespace millrace::events {

/// What a connector tells of its snapshots: io.debezium.connector.common.Notification.
struct Notification {
    std::string id;              ///< That of the signal, or a random UUID.
    std::string aggregate_type;  ///< "Initial Snapshot" or "Incremental Snapshot"
    std::string type;            ///< STARTED, IN_PROGRESS, TABLE_SCAN_COMPLETED, COMPLETED, ABORTED, PAUSED …
    std::vector<std::pair<std::string, std::string>> additional_data;
    int64_t timestamp_ms = 0;
};

/// The record of a notification, without headers.
class NotificationFormat {
  public:
    NotificationFormat();
    const record::SchemaPtr& key_schema() const { return key_; }
    const record::SchemaPtr& value_schema() const { return value_; }
    static std::string key_payload(const Notification& notification);
    static std::string value_payload(const Notification& notification);

  private:
    record::SchemaPtr key_;
    record::SchemaPtr value_;
};

}  // namespace millrace::events
