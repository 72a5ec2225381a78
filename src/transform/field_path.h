#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "record/record.h"
#include "transform/options.h"

namespace millrace::transform {

constexpr Property kFieldSyntaxVersion = {
    .name = "field.syntax.version",
    .default_value = "V1",
    .importance = Importance::High,
    .allowed = "V1, V2",
    .documentation = "V1: the name of a field. V2: names with dots between, where backticks hold names with dots."};

/// A field that a transform names, in the syntax of field.syntax.version (KIP-821): the steps to it.
class FieldPath {
  public:
    /// Throws ConfigError for unbalanced backticks.
    FieldPath(const std::string& path, const std::string& property, bool is_nested);
    static FieldPath of(const config::Settings& settings, const std::string& property) {
        return {settings.text(property), property, iequals(settings.text("field.syntax.version", "V1"), "V2")};
    }

    const std::vector<std::string>& steps() const { return steps_; }
    /// The field's schema; nullptr: there is none.
    record::SchemaPtr schema_in(const record::SchemaPtr& schema) const;
    /// Its value; null if something on the way is.
    record::Value value_in(const record::StructView& view, record::Nulls nulls) const;

  private:
    std::vector<std::string> steps_;
};

}  // namespace millrace::transform
