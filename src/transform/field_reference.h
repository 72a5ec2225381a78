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

    /// Where envelopes of one schema have it.
    struct Place {
        std::optional<size_t> parent;  ///< The struct without which it is null.
        bool is_in_parent = false;
        size_t field = 0;
        record::SchemaPtr schema;  ///< Optional.
    };

    const std::string& new_name() const { return new_name_; }
    bool is_operation() const { return field_ == "op"; }
    /// Nothing: they have no such field. Throws FatalError if they lack the struct that it names.
    std::optional<Place> place_in(const record::Schema& envelope) const;

  private:
    std::string parent_;  ///< The struct that holds it; empty: the envelope.
    std::string field_;
    std::string new_name_;
};

/// Reads such fields of one envelope. A struct of it is opened once for those that come one after the other.
class FieldReader {
  public:
    explicit FieldReader(const record::StructView& envelope) : envelope_(envelope) {}

    /// As it lies there, opened or not.
    record::Value read(const FieldReference::Place& place);

  private:
    const record::StructView& envelope_;
    std::optional<size_t> open_;  ///< Which of its structs parent_ is.
    std::optional<record::StructView> parent_;
};

}  // namespace millrace::transform
