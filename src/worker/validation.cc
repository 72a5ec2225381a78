#include "worker/validation.h"

#include <algorithm>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "source/engine/former_names.h"
#include "transform/chain.h"
#include "worker/converters.h"
#include "worker/definition_list.h"
#include "worker/request_error.h"

namespace millrace::worker {
namespace {

/// connector.client.config.override.policy
void check_overrides(const WorkerConfig& worker, const config::Settings& settings, std::vector<config::Problem>& all) {
    const std::string policy = worker.settings.text("connector.client.config.override.policy", "All");
    if (policy.starts_with("All")) return;
    constexpr std::string_view kPrefixes[] = {"producer.override.", "consumer.override.", "admin.override."};
    for (const auto& [name, value] : settings.values()) {
        for (const auto prefix : kPrefixes) {
            if (!name.starts_with(prefix)) continue;
            const std::string client = name.substr(prefix.size());
            const bool is_principal = client == "security.protocol" || client.starts_with("sasl.");
            if (policy.starts_with("Principal") && is_principal) continue;
            all.push_back(
                {name, format("The '{}' policy does not allow '{}' to be overridden in the connector configuration.",
                              policy, client)});
        }
    }
}

void check_exactly_once(const WorkerConfig& worker, const config::Settings& settings,
                        std::vector<config::Problem>& all) {
    const bool embedded = !worker.is_on_kafka();  // always exactly once
    if (iequals(settings.text("exactly.once.support"), "required") && !embedded && !worker.is_exactly_once())
        all.push_back({"exactly.once.support", "This worker does not have exactly-once source support enabled."});
    if (iequals(settings.text("transaction.boundary"), "connector"))
        all.push_back({"transaction.boundary",
                       "The connector does not support connector-defined transaction boundaries with the given "
                       "configuration. Please reconfigure it to use a different transaction boundary definition."});
}

/// What Kafka Connect and Debezium list first is told first.
void in_order_of_definition(const engine::SourceType& type, std::vector<config::Problem>& problems) {
    const auto place = [&](const config::Problem& problem) {
        size_t number = 0;
        for (const auto* table : {&framework_properties(), type.properties})
            for (const auto& property : table->properties()) {
                if (property.name == problem.property) return number;
                ++number;
            }
        return number;
    };
    std::multimap<size_t, config::Problem> sorted;  // keeps the order of those of one property
    for (auto& problem : problems) {
        const size_t number = place(problem);
        sorted.emplace(number, std::move(problem));
    }
    problems.clear();
    for (auto& [number, problem] : sorted) problems.push_back(std::move(problem));
}

/// Kafka Connect's words for a class that nobody knows; empty: it is a known one, or none is named.
std::string class_problem(const char* side, const config::Settings& settings) {
    if (!settings.has(side)) return "";
    const std::string name = settings.text(side);
    constexpr std::string_view kPackages[] = {"org.apache.kafka.connect.", "io.debezium.", "io.confluent.",
                                              "io.apicurio."};
    const bool is_known = std::any_of(std::begin(kPackages), std::end(kPackages),
                                      [&](std::string_view package) { return name.starts_with(package); });
    if (is_known || !converter_properties(name).properties().empty()) return "";
    return format("Invalid value {0} for configuration {1}: Class {0} could not be found.", name, side);
}

/// A version that is asked for must be the one there is. Ranges are not looked at.
std::vector<config::Problem> version_problems(const engine::SourceType& type, const config::Settings& settings) {
    const std::string wanted = settings.text("connector.plugin.version", type.version);
    if (iequals(wanted, type.version) || wanted.starts_with('[') || wanted.starts_with('(')) return {};
    const std::string problem =
        format("Plugin {} not found that matches the version range [{},{}], available versions: [{}]", type.class_name,
               wanted, wanted, type.version);
    return {{"connector.class", problem}, {"connector.plugin.version", problem}};
}

std::vector<config::Problem> converter_problems(const WorkerConfig& worker, const config::Settings& settings) {
    std::vector<config::Problem> all;
    for (const char* side : {"key.converter", "value.converter", "header.converter"}) {
        const auto found = converter_properties(settings.text(side)).check(settings.below(std::string(side) + "."));
        for (const auto& problem : found) all.push_back({format("{}.{}", side, problem.property), problem.message});
        if (!found.empty()) continue;
        if (const auto problem = class_problem(side, settings); !problem.empty()) {
            all.push_back({side, problem});
            continue;
        }
        try {
            make_converter(settings, worker.settings, side);
        } catch (const ConfigError& fault) {
            all.push_back({fault.property(), fault.what()});
        }
    }
    return all;
}

constexpr std::pair<const char*, const char*> kConverters[] = {
    {"key.converter", "org.apache.kafka.connect.json.JsonConverter"},
    {"value.converter", "org.apache.kafka.connect.json.JsonConverter"},
    {"header.converter", "org.apache.kafka.connect.storage.SimpleHeaderConverter"}};

/// Defaults that depend on the worker, and on the converters that a configuration names.
std::map<std::string, std::string> derived_defaults(const WorkerConfig& worker, const engine::SourceType& type,
                                                    const std::map<std::string, std::string>& config) {
    std::map<std::string, std::string> derived = {{"connector.plugin.version", std::string(type.version)}};
    for (const auto& [side, fallback] : kConverters) {
        derived[side] = worker.settings.text(side, fallback);
        const auto given = config.find(side);
        if (given == config.end() || !converter_properties(given->second).properties().empty())
            derived[std::string(side) + ".plugin.version"] = kConnectVersion;
    }
    return derived;
}

/// What a look at the database found and a property can be named for.
std::vector<config::Problem> findings_as_problems(const WorkerConfig& worker, const engine::SourceType& type,
                                                  const std::map<std::string, std::string>& config) {
    const config::Settings settings(worker.providers.resolve(config));
    std::vector<config::Problem> all;
    for (const auto& finding : type.diagnose(type.properties->with_defaults(settings), "")) {
        if (finding.property.empty()) continue;
        all.push_back({finding.property, format("The '{}' value is invalid: {}: {}. To mend it: {}", finding.property,
                                                finding.what, finding.why, finding.mend)});
    }
    return all;
}

}  // namespace

std::vector<config::Problem> connector_problems(const WorkerConfig& worker, const engine::SourceType& type,
                                                const std::map<std::string, std::string>& config) {
    config::Settings settings;
    try {
        std::vector<std::string> notices;  // told when the connector starts
        settings = engine::with_current_names(config::Settings(worker.providers.resolve(config)), notices);
    } catch (const ConfigError& fault) {
        return {{fault.property(), fault.what()}};
    }
    std::vector<config::Problem> all = framework_properties().check(settings);
    const auto add = [&](std::vector<config::Problem> more) {
        all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    };
    check_overrides(worker, settings, all);
    check_exactly_once(worker, settings, all);
    add(version_problems(type, settings));
    add(converter_problems(worker, settings));
    add(transform::chain_problems(settings));
    const auto full = type.properties->with_defaults(settings);
    auto own = type.properties->check(settings);
    const auto more = type.check(full);
    own.insert(own.end(), more.begin(), more.end());
    add(own.empty() ? type.connect_check(full) : std::move(own));
    in_order_of_definition(type, all);
    return all;
}

void check_connector(const WorkerConfig& worker, const ConnectorTypes& types,
                     const std::map<std::string, std::string>& config) {
    const auto found = connector_problems(worker, types.of(config), config);
    if (found.empty()) return;
    std::string text =
        format("Connector configuration is invalid and contains the following {} error(s):", found.size());
    for (const auto& problem : found) text += "\n" + problem.message;
    throw RequestError(400, text +
                                "\nYou can also find the above list of errors at the endpoint "
                                "`/connector-plugins/{connectorType}/config/validate`");
}

Json validation_json(const WorkerConfig& worker, const ConnectorTypes& types, const std::string& class_name,
                     std::map<std::string, std::string> config) {
    config.try_emplace("connector.class", class_name);
    if (class_name != config["connector.class"] && simple_name(config["connector.class"]) != simple_name(class_name))
        throw RequestError(400, format("Included connector type {} does not match request type {}",
                                       config["connector.class"], class_name));
    if (types.find(class_name) == nullptr) {
        try {
            static_cast<void>(types.of({{"connector.class", class_name}}));
        } catch (const RequestError& refusal) {
            throw RequestError(
                500, format("org.apache.kafka.connect.runtime.rest.errors.BadRequestException: {}", refusal.what()));
        }
    }
    const engine::SourceType& type = types.of({{"connector.class", class_name}});
    auto problems = connector_problems(worker, type, config);
    if (problems.empty()) problems = findings_as_problems(worker, type, config);
    DefinitionList list(config::Settings(config), problems, derived_defaults(worker, type, config));
    list.add(framework_properties());
    list.add(*type.properties);
    for (const auto& group : transform::option_groups(config::Settings(config)))
        list.add(*group.properties, group.prefix);
    for (const char* side : {"key.converter", "value.converter", "header.converter"})
        list.add(converter_properties(config[side]), std::string(side) + ".");
    return list.validation(type.class_name);
}

Json plugin_config_json(const ConnectorTypes& types, const std::string& class_name) {
    const auto* type = types.find(class_name);
    if (type == nullptr) throw RequestError(404, format("Unknown plugin {}.", class_name));
    DefinitionList list({}, {}, {{"connector.plugin.version", std::string(type->version)}});
    list.add(*type->properties);
    list.add(framework_properties());
    return list.definitions();
}

}  // namespace millrace::worker
