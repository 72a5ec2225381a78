#include "source/engine/former_names.h"

#include "base/text.h"

namespace millrace::engine {
namespace {

struct FormerName {
    std::string_view former, current;
};
/// https://debezium.io/documentation/reference/2.0/migration.html and the release notes of 1.x; a former name that ends
/// in a dot stands for all that begin with it.
constexpr FormerName kNames[] = {
    {"database.server.name", "topic.prefix"},
    {"database.whitelist", "database.include.list"},
    {"database.blacklist", "database.exclude.list"},
    {"table.whitelist", "table.include.list"},
    {"table.blacklist", "table.exclude.list"},
    {"column.whitelist", "column.include.list"},
    {"column.blacklist", "column.exclude.list"},
    {"database.history.skip.unparseable.ddl", "schema.history.internal.skip.unparseable.ddl"},
    {"database.history.store.only.monitored.tables.ddl", "schema.history.internal.store.only.captured.tables.ddl"},
    {"database.history.store.only.captured.tables.ddl", "schema.history.internal.store.only.captured.tables.ddl"},
    {"schema.history.internal.store.only.monitored.tables.ddl",
     "schema.history.internal.store.only.captured.tables.ddl"},
    {"database.history.", "schema.history.internal."},
    {"database.history", "schema.history.internal"},
    {"transaction.topic", "topic.transaction"},
    {"snapshot.select.statement.override.", "snapshot.select.statement.overrides."},
};

/// The current name, or nothing if the name is one.
std::string current_of(const std::string& name) {
    for (const auto& [former, current] : kNames) {
        if (name == former) return std::string(current);
        if (former.ends_with('.') && name.starts_with(former)) return std::string(current) + name.substr(former.size());
    }
    return {};
}

}  // namespace

config::Settings with_current_names(const config::Settings& settings, std::vector<std::string>& notices) {
    config::Settings now = settings;
    for (const auto& [name, value] : settings.values()) {
        if (name == "sanitize.field.names") {
            if (iequals(trimmed(value), "true")) now.set_default("field.name.adjustment.mode", "avro");
            now.erase(name);
            notices.push_back("'sanitize.field.names' is a former name; write field.name.adjustment.mode=avro");
            continue;
        }
        const std::string current = current_of(name);
        if (current.empty()) continue;
        now.erase(name);
        if (settings.has(current)) {
            notices.push_back(
                format("'{}' is a former name of '{}', which is given too; it is passed over", name, current));
        } else {
            // The class that keeps the history is named otherwise too, and is the only one here.
            if (current != "schema.history.internal") now.set(current, value);
            notices.push_back(format("'{}' is a former name; write '{}'", name, current));
        }
    }
    return now;
}

}  // namespace millrace::engine
