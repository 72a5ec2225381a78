#pragma once

#include <optional>
#include <string>

#include "base/regex.h"
#include "config/settings.h"
#include "relational/filters.h"
#include "relational/table.h"

namespace millrace::events {

/// The names of a connector's topics: `topic.naming.strategy` with its properties, or the templates `topic.name.*`,
/// which go before it. Immutable; safe from any thread.
class TopicNaming {
  public:
    /// Throws ConfigError naming the property.
    /// `namespaces`: with schemas the Schema… strategies name them, with databases the Default… ones.
    explicit TopicNaming(const config::Settings& settings, const relational::Namespaces& namespaces = {});

    std::string data(const relational::TableId& table) const;
    std::string schema_changes() const;
    std::string transaction() const;
    std::string heartbeat() const;

    /// What the regex strategies add to each key, so that rows of several tables in one topic stay apart.
    struct KeyField {
        std::string name, value;
    };
    std::optional<KeyField> key_field(const relational::TableId& table) const;

  private:
    enum class Replacement { Underscore, UnicodeEscape };

    std::string physical(const relational::TableId& table) const;
    std::string sanitized(const std::string& name) const;
    std::string filled(const std::string& pattern, const relational::TableId& table) const;
    void check_template(const char* property, const std::string& pattern, bool of_table) const;
    void read_regex(const config::Settings& settings);

    std::string prefix_, delimiter_, transaction_, heartbeat_prefix_;
    bool names_space_ = true;  ///< What the tables live in is part of their topics' names.
    Replacement replacement_ = Replacement::Underscore;
    std::optional<Regex> route_;
    std::string route_to_;
    bool adds_key_field_ = false;
    std::string key_field_name_;
    std::optional<Regex> key_field_regex_;
    std::string key_field_to_;
    std::string data_template_, schema_changes_template_, transaction_template_, heartbeat_template_;
};

}  // namespace millrace::events
