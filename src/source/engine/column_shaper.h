#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "record/schema.h"
#include "relational/column_shaping.h"

namespace millrace::engine {

/// What masks, hashes and truncation (relational::ColumnShape) make of one column's values and schema. Works on the
/// value's JSON. Not thread-safe: digests have state.
class ColumnShaper {
  public:
    ColumnShaper() = default;
    /// Adds to the schema what says so. `table_name` and `column` for messages and lengths; `propagated_type` is the
    /// type's name for column.propagate.source.type.
    ColumnShaper(relational::ColumnShape shape, const std::string& table_name, const relational::Column& column,
                 const std::string& propagated_type, record::Schema& schema);

    bool is_shaped() const { return is_masked_ || is_truncated_; }
    /// The value's JSON stands at the end of `out`, from `start` on; `null_json` is what stands for null in this
    /// column. Throws FatalError if the column cannot hold the mask.
    void shape(std::string& out, size_t start, bool is_null, std::string_view null_json);
    /// What every value becomes; empty: not masked so.
    const std::string& mask_json() const { return mask_json_; }

  private:
    void mask(std::string& out, std::string_view json, std::string_view null_json) const;
    void truncate(std::string& out, size_t start) const;
    void hash(std::string& out, size_t start, std::string_view null_json);

    relational::ColumnShape shape_;
    std::string column_name_;
    bool is_masked_ = false, is_truncated_ = false;
    bool is_optional_ = true;
    bool holds_bytes_ = false;    ///< Bytes without a meaning of their own.
    bool holds_meaning_ = false;  ///< Bytes that stand for something: a decimal, bits.
    int hash_length_ = 0;
    std::string mask_json_;
    std::optional<Digest> digest_;
};

}  // namespace millrace::engine
