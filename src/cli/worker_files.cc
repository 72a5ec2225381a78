#include "cli/worker_files.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::cli {
namespace {

using Config = worker::ConnectorConfig;

/// A connector file is JSON (as POST /connectors takes it, or the bare configuration) or properties.
std::pair<std::string, Config> read_connector(const std::string& path) {
    const std::string text = config::read_file(path);
    Config config;
    std::string name;
    if (path.ends_with(".json")) {
        std::string problem;
        const auto json = parse_json(text, &problem);
        if (!json || !json->is_object()) throw ConfigError("", format("{} is no JSON object: {}", path, problem));
        const Json& values = json->contains("config") ? (*json)["config"] : *json;
        for (const auto& [key, value] : values.items())
            config[key] = value.is_string() ? value.get<std::string>() : value.dump();
        if (json->contains("config")) name = json->value("name", "");
    } else {
        config = config::parse_properties(text);
    }
    if (name.empty() && config.contains("name")) name = config["name"];
    if (name.empty()) throw ConfigError("name", format("{} gives its connector no name", path));
    return {name, config};
}

bool is_connector_file(const std::string& path) {
    if (path.ends_with(".json")) return true;
    return config::parse_properties(config::read_file(path)).contains("connector.class");
}

}  // namespace

WorkerFiles read_worker_files(const std::vector<std::string>& files, const std::vector<std::string>& overrides) {
    WorkerFiles read;
    for (const auto& file : files) {
        if (is_connector_file(file)) {
            read.connectors.push_back(read_connector(file));
            continue;
        }
        for (const auto& [name, value] : config::parse_properties(config::read_file(file)))
            read.settings.set(name, value);
    }
    for (const auto& pair : overrides) {
        const size_t equals = pair.find('=');
        if (equals == std::string::npos) throw ConfigError(pair, format("'{}' is not of the form NAME=VALUE", pair));
        read.settings.set(pair.substr(0, equals), pair.substr(equals + 1));
    }
    return read;
}

}  // namespace millrace::cli
