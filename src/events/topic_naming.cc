#include "events/topic_naming.h"

#include <algorithm>
#include <stdexcept>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "events/name_adjustment.h"

namespace millrace::events {
namespace {

constexpr size_t kNameLengthMax = 249;
constexpr std::string_view kPackage = "io.debezium.schema.";

[[noreturn]] void refuse(const char* property, const std::string& why) {
    throw ConfigError(property, format("The '{}' value is invalid: {}", property, why));
}

bool is_topic_character(char16_t unit) {
    return (unit >= u'a' && unit <= u'z') || (unit >= u'A' && unit <= u'Z') || (unit >= u'0' && unit <= u'9') ||
           unit == u'.' || unit == u'_' || unit == u'-';
}

std::string topic_part(const config::Settings& settings, const char* property, std::string_view fallback) {
    std::string value = settings.text(property, fallback);
    const auto units = to_utf16(value);
    if (!std::all_of(units.begin(), units.end(), is_topic_character))
        refuse(property, value +
                             " has invalid format (only the underscore, hyphen, dot and alphanumeric characters are "
                             "allowed)");
    return value;
}

std::optional<Regex> regex(const config::Settings& settings, const char* property) {
    const std::string pattern = settings.text(property);
    if (pattern.empty()) return std::nullopt;
    try {
        return Regex(pattern);
    } catch (const std::invalid_argument& fault) {
        refuse(property, format("A regular expression is required: {}", fault.what()));
    }
}

}  // namespace

TopicNaming::TopicNaming(const config::Settings& settings, const relational::Namespaces& namespaces)
    : prefix_(settings.text("topic.prefix")),
      delimiter_(topic_part(settings, "topic.delimiter", ".")),
      transaction_(topic_part(settings, "topic.transaction", "transaction")),
      heartbeat_prefix_(settings.has("topic.heartbeat.prefix")
                            ? topic_part(settings, "topic.heartbeat.prefix", "__debezium-heartbeat")
                            : topic_part(settings, "heartbeat.topics.prefix", "__debezium-heartbeat")),
      data_template_(settings.text("topic.name.data")),
      schema_changes_template_(settings.text("topic.name.schema.changes")),
      transaction_template_(settings.text("topic.name.transaction")),
      heartbeat_template_(settings.text("topic.name.heartbeat")) {
    check_template("topic.name.data", data_template_, true);
    check_template("topic.name.schema.changes", schema_changes_template_, false);
    check_template("topic.name.transaction", transaction_template_, false);
    check_template("topic.name.heartbeat", heartbeat_template_, false);
    std::string strategy = settings.text("topic.naming.strategy");
    if (strategy.empty()) strategy = "io.debezium.schema.DefaultTopicNamingStrategy";
    std::string_view name = strategy;
    if (name.starts_with(kPackage)) name.remove_prefix(kPackage.size());
    const bool has_schemas = namespaces.word == "schema";
    if (name.starts_with("Schema")) {
        names_space_ = has_schemas;
        name.remove_prefix(6);
    } else if (name.starts_with("Default")) {
        names_space_ = !has_schemas;
        name.remove_prefix(7);
    } else {
        name = {};
    }
    if (name == "UnicodeTopicNamingStrategy")
        replacement_ = Replacement::UnicodeEscape;
    else if (name == "RegexTopicNamingStrategy")
        read_regex(settings);
    else if (name != "TopicNamingStrategy")
        refuse("topic.naming.strategy",
               format("there is no class {} here; use one of io.debezium.schema.{{Default,Schema}}[Regex|Unicode]"
                      "TopicNamingStrategy, or give the names themselves with topic.name.data",
                      strategy));
}

void TopicNaming::read_regex(const config::Settings& settings) {
    route_ = regex(settings, "topic.regex");
    if (!route_) refuse("topic.regex", "A value is required");
    route_to_ = settings.text("topic.replacement");
    if (route_to_.empty()) refuse("topic.replacement", "topic.replacement must be non-empty if topic.regex is set.");
    adds_key_field_ = settings.boolean("topic.key.enforce.uniqueness", true);
    key_field_name_ = settings.text("topic.key.field.name", "__dbz__physicalTableIdentifier");
    key_field_regex_ = regex(settings, "topic.key.field.regex");
    key_field_to_ = settings.text("topic.key.field.replacement");
    if (key_field_regex_ && key_field_to_.empty())
        refuse("topic.key.field.replacement",
               "topic.key.field.replacement must be non-empty if topic.key.field.regex is set.");
}

void TopicNaming::check_template(const char* property, const std::string& pattern, bool of_table) const {
    for (size_t at = 0; (at = pattern.find("${", at)) != std::string::npos; ++at) {
        const size_t end = pattern.find('}', at);
        const std::string name = end == std::string::npos ? pattern.substr(at) : pattern.substr(at + 2, end - at - 2);
        if (name == "prefix" || (of_table && (name == "database" || name == "table"))) continue;
        refuse(property, format("'{}' is not known here; use {}", name,
                                of_table ? "${prefix}, ${database} and ${table}" : "${prefix}"));
    }
}

std::string TopicNaming::filled(const std::string& pattern, const relational::TableId& table) const {
    std::string name = replace_all(pattern, "${prefix}", prefix_);
    name = replace_all(name, "${database}", table.database);
    return sanitized(replace_all(name, "${table}", table.table));
}

std::string TopicNaming::sanitized(const std::string& name) const {
    const bool escapes = replacement_ == Replacement::UnicodeEscape;
    std::string out;
    for (const char16_t unit : to_utf16(name)) {
        if (is_topic_character(unit) && !(escapes && unit == u'_'))
            out += static_cast<char>(unit);
        else
            out += escapes ? unicode_escape(unit) : "_";
    }
    if (out.size() > kNameLengthMax) out.resize(kNameLengthMax);
    std::string dot = escapes ? unicode_escape(u'.') : "_";
    if (out == ".") return dot;
    if (out == "..") return dot + dot;
    return out;
}

std::string TopicNaming::physical(const relational::TableId& table) const {
    std::string name = prefix_;
    if (names_space_ && !trimmed(table.database).empty()) name += delimiter_ + table.database;
    if (!trimmed(table.table).empty()) name += delimiter_ + table.table;
    return name;
}

std::string TopicNaming::data(const relational::TableId& table) const {
    if (!data_template_.empty()) return filled(data_template_, table);
    std::string name = sanitized(physical(table));
    if (!route_) return name;
    try {
        auto routed = route_->replaced_if_matches(name, route_to_);
        if (!routed) return name;
        if (!routed->empty()) return *routed;
        log::warn("topics",
                  format("topic.regex gives the table {} an empty topic name; it keeps {}", table.dotted(), name));
        return name;
    } catch (const std::invalid_argument& fault) {
        refuse("topic.replacement", fault.what());
    }
}

std::optional<TopicNaming::KeyField> TopicNaming::key_field(const relational::TableId& table) const {
    if (!adds_key_field_) return std::nullopt;
    const std::string name = physical(table);
    if (!key_field_regex_) return KeyField{key_field_name_, name};
    try {
        return KeyField{key_field_name_, key_field_regex_->replaced_if_matches(name, key_field_to_).value_or(name)};
    } catch (const std::invalid_argument& fault) {
        refuse("topic.key.field.replacement", fault.what());
    }
}

std::string TopicNaming::schema_changes() const {
    return schema_changes_template_.empty() ? prefix_ : filled(schema_changes_template_, {});
}

std::string TopicNaming::transaction() const {
    return transaction_template_.empty() ? prefix_ + delimiter_ + transaction_ : filled(transaction_template_, {});
}

std::string TopicNaming::heartbeat() const {
    return heartbeat_template_.empty() ? heartbeat_prefix_ + delimiter_ + prefix_ : filled(heartbeat_template_, {});
}

}  // namespace millrace::events
