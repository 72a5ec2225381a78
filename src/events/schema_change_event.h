#pragma once

#include <string>
#include <vector>

#include "record/schema.h"
#include "relational/schema_history_record.h"

namespace millrace::events {

/// The record that the schema change topic (named after topic.prefix) gets for a DDL statement.
class SchemaChangeFormat {
  public:
    /// `connector_package`: of Debezium's classes.
    SchemaChangeFormat(const std::string& connector_package, const record::SchemaPtr& source);

    const record::SchemaPtr& key_schema() const { return key_; }
    const record::SchemaPtr& value_schema() const { return value_; }

    std::string key_payload(const std::string& database) const;
    /// `source_json` is the whole source struct.
    std::string value_payload(const std::string& source_json, int64_t ts_ms, const std::string& database,
                              const std::string& ddl, const std::vector<relational::TableChange>& changes) const;

  private:
    record::SchemaPtr key_;
    record::SchemaPtr value_;
};

}  // namespace millrace::events
