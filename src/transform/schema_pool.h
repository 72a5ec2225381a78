#pragma once

#include <string>
#include <unordered_map>

#include "convert/json_converter.h"
#include "record/schema.h"

namespace millrace::transform {

/// Gives back the first schema of the same contents, for schemas that are made anew with every record: what comes
/// behind knows schemas by their address. Schemas of so many kinds are held.
class SchemaPool {
  public:
    const record::SchemaPtr& first(const record::SchemaPtr& schema) {
        text_.clear();
        convert::append_schema_json(text_, *schema);
        if (known_.size() >= kMost && !known_.contains(text_)) known_.clear();
        return known_.try_emplace(text_, schema).first->second;
    }

  private:
    static constexpr size_t kMost = 10'000;
    std::unordered_map<std::string, record::SchemaPtr> known_;
    std::string text_;
};

}  // namespace millrace::transform
