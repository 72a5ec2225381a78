#include <algorithm>

#include "base/errors.h"
#include "base/text.h"
#include "events/topic_naming.h"
#include "relational/column_shaping.h"
#include "relational/filters.h"
#include "source/binlog/binlog_properties.h"
#include "source/binlog/connection.h"
#include "source/binlog/custom_converters.h"
#include "source/binlog/value_modes.h"
#include "source/engine/column_reselection.h"

namespace millrace::binlog {
namespace {

class Check {
  public:
    explicit Check(const config::Settings& settings) : settings_(settings) {}

    std::vector<config::Problem> run() {
        names();
        lists();
        operations();
        sizes();
        attempt([&] { relational::KeyColumns keys(settings_); });
        attempt([&] { events::TopicNaming naming(settings_); });
        attempt([&] { relational::ColumnShaping shaping(settings_); });
        attempt([&] { CustomConverters converters(settings_); });
        attempt([&] { engine::ColumnReselection reselection(settings_); });
        return std::move(problems_);
    }

  private:
    void complain(const std::string& property, const std::string& what) {
        problems_.push_back({property, format("The '{}' value is invalid: {}", property, what)});
    }
    template <typename Look>
    void attempt(Look&& look) {
        try {
            look();
        } catch (const ConfigError& fault) {
            for (const auto& line : split(fault.what(), '\n')) problems_.push_back({fault.property(), line});
        }
    }

    void names() {
        name("topic.prefix", settings_.has("topic.prefix"));
        name("database.hostname", false);
        if (const auto id = parse_int(settings_.text("database.server.id")); id && *id > UINT32_MAX)
            complain("database.server.id", "a number from 1 to 4294967295 is required");
    }

    void name(const char* property, bool must_have_one) {
        const std::string name = settings_.text(property);
        const bool is_valid = std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                   c == '-';
        });
        if (!is_valid || (must_have_one && name.empty()))
            complain(property, name +
                                   " has invalid format (only the underscore, hyphen, dot and alphanumeric "
                                   "characters are allowed)");
    }

    void lists() {
        constexpr std::pair<const char*, const char*> kExclusive[] = {
            {"column.include.list", "column.exclude.list"},
            {"table.include.list", "table.exclude.list"},
            {"database.include.list", "database.exclude.list"}};
        for (const auto& [include, exclude] : kExclusive) {
            if (!settings_.text(include).empty() && !settings_.text(exclude).empty())
                complain(exclude, format("\"{}\" is already specified", include));
            patterns(include);
            patterns(exclude);
        }
        patterns("table.include.list");  // of this one Debezium complains twice
        patterns("snapshot.include.collection.list");
        patterns("gtid.source.includes");
        if (!settings_.text("gtid.source.includes").empty() && !settings_.text("gtid.source.excludes").empty())
            complain("gtid.source.excludes", "Cannot specify GTID excludes when includes are provided.");
        const auto signals = settings_.list("signal.data.collection");
        if (signals.size() == 1 && signals[0].find('.') == std::string::npos)
            complain("signal.data.collection", "'" + signals[0] + "' is no DATABASE.TABLE");
        if (signals.size() > 1)
            complain("signal.data.collection",
                     "For single task connector only one signal data collection is permitted.");
    }
    void patterns(const char* property) {
        attempt([&] { relational::NamePatterns(property, settings_.text(property)); });
    }

    void operations() {
        const auto operations = settings_.list("skipped.operations");
        const auto known = [](const std::string& name) {
            constexpr std::string_view kNames[] = {"c", "u", "d", "t", "r", "none"};
            return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
        };
        if (operations.empty() || !std::all_of(operations.begin(), operations.end(), known))
            complain("skipped.operations", "Invalid operation");
        else if (operations.size() > 1 && std::find(operations.begin(), operations.end(), "none") != operations.end())
            complain("skipped.operations", "'none' cannot be specified with other skipped operation types");
    }

    void sizes() {
        const auto port = number("database.port");
        if (port && (*port < 1 || *port > 65535)) complain("database.port", "a number from 1 to 65535 is required");
        const auto queue = number("max.queue.size");
        const auto batch = number("max.batch.size");
        if (!queue) return;
        if (*queue <= 0) complain("max.queue.size", "A positive queue size is required");
        if (batch && *queue <= *batch) complain("max.queue.size", "Must be larger than the maximum batch size");
    }

    /// If it is an INT as Java reads one.
    std::optional<int64_t> number(const char* property) const {
        const auto value = parse_int(settings_.values().at(property));
        return value && *value >= INT32_MIN && *value <= INT32_MAX ? value : std::nullopt;
    }

    const config::Settings& settings_;
    std::vector<config::Problem> problems_;
};

}  // namespace

std::vector<config::Problem> check_settings(const config::Settings& settings) {
    return Check(settings).run();
}

std::vector<config::Problem> check_connection(const Dialect& dialect, const config::Settings& settings) {
    try {
        ValueModes::from(settings);
        const Connection connection(ConnectionOptions::from(settings, dialect.default_tls()));
        return {};
    } catch (const ConfigError& fault) {
        return {{fault.property(), fault.what()}};
    } catch (const std::exception& fault) {
        return {{"database.hostname", format("Unable to connect: {}", fault.what())}};
    }
}

}  // namespace millrace::binlog
