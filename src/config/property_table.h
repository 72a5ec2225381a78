#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace millrace::config {

enum class Type { Boolean, String, Int, Short, Long, Double, List, Class, Password };
enum class Importance { High, Medium, Low };

/// What this program does with a property whose value differs from the default.
enum class Support {
    Works,
    NoEffect,  ///< Accepted with a notice: it has no counterpart here and changes nothing in the output.
    Refused,   ///< Would change what is written and is not built yet: refused by name.
};

/// One property, declared once: Kafka Connect's ConfigDef fields. From this come parsing, validation, the
/// `/connector-plugins/{class}/config/validate` reply and the reference pages.
struct Property {
    std::string_view name;  ///< A name with a '(' is a regular expression (column.mask.with.(\d+).chars).
    Type type = Type::String;
    const char* default_value = nullptr;  ///< nullptr: none.
    Importance importance = Importance::Low;
    std::string_view group;
    Support support = Support::Works;
    bool required = false;
    std::string_view allowed = {};  ///< Comma-separated values of an enumeration; empty: any.
    std::string_view older = {};    ///< Further ones that are accepted: names from older versions.
    bool ignores_case = false;      ///< Of `allowed`, as Kafka tells it; all are compared so.
    std::optional<int64_t> least = {};
    std::string_view built = {};  ///< Those of them that work here so far; empty: all.
    std::string_view documentation = {};
};

struct Problem {
    std::string property;
    std::string message;
};

/// In whose words a table's problems are told: Kafka's ConfigDef, or Debezium's Field.
enum class Words { Kafka, Debezium };

/// A component's properties. Immutable; safe from any thread.
class PropertyTable {
  public:
    PropertyTable(std::span<const Property> properties, Words words) : properties_(properties), words_(words) {}

    std::span<const Property> properties() const { return properties_; }
    const Property* find(std::string_view name) const;

    /// Type, range, enumeration, required and Support checks; an empty result means that all is well.
    std::vector<Problem> check(const Settings& settings) const;

    /// One line per value that has no effect here, and per unknown name close to a known one.
    std::vector<std::string> notices(const Settings& settings, std::span<const std::string_view> namespaces) const;

    Settings with_defaults(const Settings& settings) const;

  private:
    std::vector<std::string> value_problems(const Property& property, const std::string& name,
                                            const std::string& value) const;

    std::span<const Property> properties_;
    Words words_;
};

std::string_view name_of(Type type);
std::string_view name_of(Importance importance);

}  // namespace millrace::config
