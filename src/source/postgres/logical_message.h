#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "source/engine/change_writer.h"
#include "source/engine/record_shape.h"
#include "source/postgres/pgoutput.h"
#include "source/postgres/source_info.h"
#include "source/postgres/value_modes.h"

namespace millrace::postgres {

/// Records of what pg_logical_emit_message() puts into the log: topic PREFIX.message, op m.
class LogicalMessageWriter {
  public:
    /// Throws ConfigError.
    LogicalMessageWriter(const config::Settings& settings, const engine::ShapeSettings& shape, BinaryMode binary);

    /// message.prefix.include.list and exclude.list
    bool captures(std::string_view prefix) const;
    const std::string& topic() const { return topic_; }
    /// `transaction_json` is the block that ties it to its transaction, or null.
    void write(topiclog::AppendBatch& batch, const LogicalMessage& message, const std::string& source_json,
               std::string_view transaction_json) const;

  private:
    relational::NamePatterns include_, exclude_;
    BinaryMode binary_;
    std::string topic_;
    std::string key_prefix_, key_suffix_, value_prefix_, value_suffix_;
};

}  // namespace millrace::postgres
