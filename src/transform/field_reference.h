#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/struct_view.h"

namespace millrace::transform {

/// A field of an envelope that add.fields or add.headers of ExtractNewRecordState names: "op", "source.table",
/// "before.v:old_v".
class FieldReference {
  public:
    /// Of a comma-separated list. Throws ConfigError that names `property`.
    static std::vector<FieldReference> list(const std::string& text, const std::string& prefix,
                                            const std::string& property);

    const std::string& new_name() const { return new_name_; }
    bool is_operation() const { return field_ == "op"; }
    /// Its schema, optional; nullptr: the envelope has no such field.
    record::SchemaPtr schema_in(const record::Schema& envelope) const;
    record::Value value_in(const record::StructView& envelope) const;

  private:
    std::string parent_;  ///< The struct that holds it; empty: the envelope.
    std::string field_;
    std::string new_name_;
};

}  // namespace millrace::transform
