#include "worker/validation.h"

#include <algorithm>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "worker/request_error.h"

namespace millrace::worker {
namespace {

Json definition_json(const config::Property& property, size_t order) {
    Json json;
    json["name"] = property.name;
    json["type"] = config::name_of(property.type);
    json["required"] = property.required;
    json["default_value"] = property.default_value != nullptr ? Json(property.default_value) : Json(nullptr);
    json["importance"] = config::name_of(property.importance);
    json["documentation"] = property.documentation;
    json["group"] = property.group;
    json["width"] = "MEDIUM";
    json["display_name"] = property.name;
    json["dependents"] = Json::array();
    json["order"] = order;
    return json;
}

Json value_json(const config::Property& property, const config::Settings& settings,
                const std::vector<std::string>& errors) {
    Json json;
    const auto given = settings.find(std::string(property.name));
    json["name"] = property.name;
    json["value"] = given                               ? Json(*given)
                    : property.default_value != nullptr ? Json(property.default_value)
                                                        : Json(nullptr);
    if (property.type == config::Type::Password && given) json["value"] = "[hidden]";
    json["recommended_values"] = split_list(property.allowed);
    json["errors"] = errors;
    json["visible"] = true;
    return json;
}

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

}  // namespace

std::vector<config::Problem> connector_problems(const WorkerConfig& worker, const engine::SourceType& type,
                                                const std::map<std::string, std::string>& config) {
    config::Settings settings;
    try {
        settings = config::Settings(worker.providers.resolve(config));
    } catch (const ConfigError& fault) {
        return {{fault.property(), fault.what()}};
    }
    std::vector<config::Problem> all = framework_properties().check(settings);
    check_overrides(worker, settings, all);
    check_exactly_once(worker, settings, all);
    const auto own = type.properties->check(settings);
    all.insert(all.end(), own.begin(), own.end());
    for (const char* side : {"key.converter", "value.converter"}) {
        try {
            converter_choice(settings, worker.settings, side);
        } catch (const ConfigError& fault) {
            all.push_back({fault.property(), fault.what()});
        }
    }
    if (all.empty()) all = type.check(type.properties->with_defaults(settings));
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
    std::map<std::string, std::vector<std::string>> errors;
    for (const auto& problem : connector_problems(worker, type, config))
        errors[problem.property].push_back(problem.message);
    Json json;
    json["name"] = type.class_name;
    json["error_count"] = errors.size();
    std::vector<std::string> groups;
    Json configs = Json::array();
    const config::Settings settings(config);
    size_t order = 0;
    for (const auto* table : {&framework_properties(), type.properties}) {
        for (const auto& property : table->properties()) {
            if (property.name.find('(') != std::string_view::npos) continue;
            if (std::find(groups.begin(), groups.end(), property.group) == groups.end())
                groups.emplace_back(property.group);
            configs.push_back({{"definition", definition_json(property, ++order)},
                               {"value", value_json(property, settings, errors[std::string(property.name)])}});
        }
    }
    json["groups"] = groups;
    json["configs"] = configs;
    return json;
}

Json plugin_config_json(const ConnectorTypes& types, const std::string& class_name) {
    const auto* type = types.find(class_name);
    if (type == nullptr) throw RequestError(404, format("Unknown plugin {}.", class_name));
    Json all = Json::array();
    size_t order = 0;
    for (const auto& property : type->properties->properties()) {
        if (property.name.find('(') != std::string_view::npos) continue;
        Json definition = definition_json(property, ++order);
        definition["order_in_group"] = definition["order"];
        definition.erase("order");
        all.push_back(std::move(definition));
    }
    return all;
}

}  // namespace millrace::worker
