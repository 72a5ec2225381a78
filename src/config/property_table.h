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
/// How wide a form should show the value.
enum class Width { None, Short, Medium, Long };

/// What Debezium's Field, or a validator of Kafka's, asks of a value beyond its type, each with words of its own. For
/// Debezium a value that is not of its type breaks both.
enum class Rule {
    None,
    TypeAgain,  ///< The type or enumeration is checked, and complained of, twice.
    PositiveInteger,
    NonNegativeInteger,
    NonNegativeLong,
    PositiveLong,
    Pairs,      ///< k1=v1,k2=v2
    ValidName,  ///< Of an enumeration: complained of in a second way too.
    // Kafka's
    NonEmpty,
    ConnectorName,
    Aliases,  ///< No name twice.
};

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
    const char* default_value = nullptr;      ///< nullptr: none.
    const char* effective_default = nullptr;  ///< What holds if none is given, where that is not what is declared.
    Importance importance = Importance::Low;
    std::string_view group = {};
    Width width = Width::None;
    std::string_view display_name = {};  ///< Empty: the property is not listed among its component's definitions.
    int order = 0;                       ///< Among its group's; 0: as it stands in the table.
    bool visible = true;                 ///< Whether a form should show it.
    std::string_view dependents = {};    ///< Comma-separated names of properties whose choices depend on it.
    Support support = Support::Works;
    bool required = false;
    Rule rule = Rule::None;
    std::string_view allowed = {};  ///< Comma-separated values of an enumeration; empty: any.
    std::string_view older = {};    ///< Further ones that are accepted: names from older versions.
    bool ignores_case = false;      ///< Of `allowed`, as Kafka tells it; all are compared so.
    std::optional<int64_t> least = {};
    std::string_view built = {};  ///< Those of them that work here so far; empty: all.
    std::string_view documentation = {};
};

/// What a table made from shared rows changes: a row of a shared row's name replaces that one; another stands behind
/// the row named, or at the end.
struct OwnProperty {
    std::string_view behind;
    Property property;
};

std::vector<Property> with_own(std::span<const Property> shared, std::span<const OwnProperty> own);

struct Problem {
    std::string property;
    std::string message;
};

/// In whose words a table's problems are told: Kafka's ConfigDef, or Debezium's Field.
enum class Words { Kafka, Debezium };

/// A component's properties. Immutable; safe from any thread.
class PropertyTable {
  public:
    PropertyTable(std::vector<Property> properties, Words words) : properties_(std::move(properties)), words_(words) {}

    std::span<const Property> properties() const { return properties_; }
    const Property* find(std::string_view name) const;
    Words words() const { return words_; }

    /// Type, rule, enumeration, required and Support checks, in the order of the properties; an empty result means that
    /// all is well. A value may have several problems, and Debezium tells some twice.
    std::vector<Problem> check(const Settings& settings) const;

    /// One line per value that has no effect here, and per unknown name close to a known one.
    std::vector<std::string> notices(const Settings& settings, std::span<const std::string_view> namespaces) const;

    Settings with_defaults(const Settings& settings) const;

  private:
    std::vector<std::string> kafka_problems(const Property& property, const std::string& name,
                                            const std::string& value) const;
    std::vector<std::string> debezium_problems(const Property& property, const std::string& name,
                                               const std::string& value) const;

    std::vector<Property> properties_;
    Words words_;
};

/// Whether a text can be read as a value of the type. Of a class only that one is named.
bool has_type(Type type, const std::string& value);

std::string_view name_of(Type type);
std::string_view name_of(Importance importance);
std::string_view name_of(Width width);

/// The values that a form should offer: those of an enumeration.
std::vector<std::string> recommended_values(const Property& property, Words words);

}  // namespace millrace::config
