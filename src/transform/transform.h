#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "config/property_table.h"
#include "config/settings.h"
#include "record/arena.h"
#include "record/record.h"

namespace millrace::transform {

/// The parts of a record that a transform or predicate looks at or changes. Where no transform of a chain needs keys
/// and values, they stay the bytes that the source wrote; so they do where it only reads them, and takes a null for its
/// field's default.
enum Part : unsigned { kTopic = 1, kHeaders = 2, kKey = 4, kValue = 8, kReads = 16 };

/// A single message transform (org.apache.kafka.connect.transforms.Transformation), or a post processor. Used by one
/// thread.
class Transform {
  public:
    virtual ~Transform() = default;
    /// Changes the record. False: it is dropped. Throws FatalError for a record that it cannot take.
    virtual bool apply(record::Record& record, record::Arena& arena) = 0;
    /// Parts.
    virtual unsigned parts() const = 0;
};

/// org.apache.kafka.connect.transforms.predicates.Predicate
class Predicate {
  public:
    virtual ~Predicate() = default;
    virtual bool test(const record::Record& record) = 0;
    virtual unsigned parts() const = 0;
};

/// A class that configurations name in transforms.X.type or predicates.X.type.
template <typename Made>
struct Type {
    std::string_view class_name;  ///< In full, with $Key or $Value.
    std::function<const config::PropertyTable&()> properties;
    /// From its own settings, with defaults and without the prefix. Throws ConfigError that names the property.
    std::function<std::unique_ptr<Made>(const config::Settings&)> make;
};
using TransformType = Type<Transform>;
using PredicateType = Type<Predicate>;

/// Which half of the record a class ending in $Key or $Value works on.
enum class Side { Key, Value };

inline record::SchemaAndValue& side_of(record::Record& record, Side side) {
    return side == Side::Key ? record.key : record.value;
}
constexpr unsigned part_of(Side side) {
    return side == Side::Key ? kKey : kValue;
}

/// Whether a value is the envelope of a change event: its schema's name ends in .Envelope.
inline bool is_envelope(const record::SchemaAndValue& value) {
    return value.schema && value.schema->name.ends_with(".Envelope");
}

}  // namespace millrace::transform
