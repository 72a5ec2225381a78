#pragma once

#include <memory>
#include <string>

#include "record/arena.h"
#include "record/value.h"

namespace millrace::convert {

/// A Connect schema in a format that registries keep, and how values of it are written. Made once per schema. Not
/// thread-safe.
class RegistrySchema {
  public:
    virtual ~RegistrySchema() = default;
    /// As it is registered.
    virtual const std::string& text() const = 0;
    /// namespace.name of a record; empty: it has none.
    virtual const std::string& full_name() const = 0;
    /// Appends the value. Throws FatalError for one that the format, or the schema, has no place for.
    virtual void append(std::string& out, const record::Value& value, record::Arena& arena) = 0;
};

}  // namespace millrace::convert
