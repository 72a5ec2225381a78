#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "record/schema.h"

namespace millrace::convert {

/// The schema that a JSON object of JsonConverter's describes. Throws FatalError.
record::SchemaPtr read_schema(std::string_view json);

/// Schemas of the records that sources write: {"schema":…,"payload": is read once and then known. Not thread-safe.
class SchemaReader {
  public:
    /// Of a prefix as payload_prefix() makes it.
    const record::SchemaPtr& of_prefix(const std::string& prefix);
    /// Of a whole record; `payload` is set to what follows, without the closing brace.
    const record::SchemaPtr& of_record(std::string_view record, std::string_view& payload);

    /// Of a schema's JSON itself.
    const record::SchemaPtr& of_schema(std::string_view json);

  private:
    static constexpr size_t kSchemasMax = 10'000;
    std::map<std::string, record::SchemaPtr, std::less<>> by_text_;
};

}  // namespace millrace::convert
