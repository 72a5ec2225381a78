#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/name_adjustment.h"
#include "record/arena.h"
#include "record/record.h"

namespace millrace::transform {

/// JSON text as a value with a schema that is inferred from it (Debezium's JsonSchemaData): objects become structs,
/// whole numbers int32 or int64, others doubles; empty arrays and, if `keeps_nulls` is false, nulls are left out.
class JsonPayload {
  public:
    /// `keeps_nulls`: a null becomes a null of type bytes.
    JsonPayload(bool keeps_nulls, events::NameAdjustment field_names)
        : keeps_nulls_(keeps_nulls), field_names_(field_names) {}

    /// `name` names the structs: "payload", "payload.address". Nothing if the text is no object, or holds what has no
    /// schema (an array of mixed types); `problem` then says what.
    std::optional<record::SchemaAndValue> read(std::string_view text, const std::string& name, record::Arena& arena,
                                               std::string& problem) const;

  private:
    class Inference;

    const bool keeps_nulls_;
    const events::NameAdjustment field_names_;
};

}  // namespace millrace::transform
