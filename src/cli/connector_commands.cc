#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/topic_commands.h"
#include "cli/worker_address.h"
#include "config/settings.h"
#include "net/http_client.h"
#include "worker/request_error.h"

namespace millrace::cli {
namespace {

struct Options {
    WorkerAddress worker;
    bool as_json = false;
    std::vector<std::string> names;
    std::string file;
    bool include_tasks = false;
    bool only_failed = false;
};

std::string call(const Options& options, const std::string& method, const std::string& path,
                 const std::string& body = {}) {
    const auto answer = options.worker.connect()->send(method, path, body);
    if (answer.status < 400) return answer.body;
    const auto json = parse_json(answer.body);
    throw worker::RequestError(answer.status, json ? json->value("message", answer.body) : answer.body);
}

std::string path_of(const std::string& name) {
    return "/connectors/" + net::encode_segment(name);
}

int list(const Options& options) {
    const std::string body = call(options, "GET", "/connectors?expand=status&expand=info");
    if (options.as_json) {
        std::cout << body << '\n';
        return 0;
    }
    std::cout << format("{:<30}  {:<12}  {:<20}  {}\n", "CONNECTOR", "STATE", "TASKS", "CLASS");
    const Json all = Json::parse(body);
    for (const auto& [name, entry] : all.items()) {
        std::vector<std::string> tasks;
        for (const auto& task : entry["status"]["tasks"])
            tasks.push_back(format("{}:{}", task["id"].get<int>(), task["state"].get<std::string>()));
        std::cout << format("{:<30}  {:<12}  {:<20}  {}\n", name,
                            entry["status"]["connector"]["state"].get<std::string>(), join(tasks, " "),
                            entry["info"]["config"].value("connector.class", ""));
    }
    return 0;
}

int status(const Options& options) {
    for (const auto& name : options.names) {
        const std::string body = call(options, "GET", path_of(name) + "/status");
        if (options.as_json) {
            std::cout << body << '\n';
            continue;
        }
        const Json json = Json::parse(body);
        std::cout << format("{:<30}  {:<12}  {}\n", name, json["connector"]["state"].get<std::string>(),
                            json["connector"]["worker_id"].get<std::string>());
        for (const auto& task : json["tasks"]) {
            std::cout << format("  {:<28}  {:<12}  {}\n", format("task {}", task["id"].get<int>()),
                                task["state"].get<std::string>(), task["worker_id"].get<std::string>());
            if (task.contains("trace")) std::cout << "    " << task["trace"].get<std::string>() << '\n';
        }
    }
    return 0;
}

/// {"name":…,"config":{…}} of a connector file, JSON or properties.
Json read_file(const std::string& path) {
    const std::string text = config::read_file(path);
    if (path.ends_with(".json")) {
        std::string problem;
        auto json = parse_json(text, &problem);
        if (!json || !json->is_object()) throw ConfigError("", format("{} is no JSON object: {}", path, problem));
        if (json->contains("config")) return *json;
        return Json{{"name", json->value("name", "")}, {"config", *json}};
    }
    Json config = Json::object();
    for (const auto& [name, value] : config::parse_properties(text)) config[name] = value;
    return Json{{"name", config.value("name", "")}, {"config", config}};
}

int create(const Options& options, bool or_update) {
    const Json connector = read_file(options.file);
    const auto name = connector.value("name", "");
    if (name.empty()) throw ConfigError("name", format("{} gives its connector no name", options.file));
    const std::string body = or_update ? call(options, "PUT", path_of(name) + "/config", to_text(connector["config"]))
                                       : call(options, "POST", "/connectors", to_text(connector));
    if (options.as_json)
        std::cout << body << '\n';
    else
        std::cout << format("Connector {} {}\n", name, or_update ? "applied" : "created");
    return 0;
}

/// Verbs that print the body that they get, pretty for people.
int show(const Options& options, const std::string& suffix) {
    for (const auto& name : options.names) {
        const std::string body = call(options, "GET", path_of(name) + suffix);
        std::cout << (options.as_json ? body : Json::parse(body).dump(2)) << '\n';
    }
    return 0;
}

int change(const Options& options, const std::string& method, const std::string& suffix, const std::string& done) {
    for (const auto& name : options.names) {
        const std::string body = call(options, method, path_of(name) + suffix);
        if (options.as_json)
            std::cout << (body.empty() ? "{}" : body) << '\n';
        else
            std::cout << format("Connector {} {}\n", name, done);
    }
    return 0;
}

}  // namespace

void add_connector_commands(CLI::App& app, Action& action) {
    auto* connectors = app.add_subcommand("connectors", "Create and steer connectors of a running worker");
    connectors->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    const auto add = [&](const char* verb, const char* help, auto run) {
        auto* command = connectors->add_subcommand(verb, help);
        options->worker.add_options(*command);
        command->add_flag("--json", options->as_json, "JSON in place of tables");
        command->callback([=, &action] { action = [=] { return run(*options); }; });
        return command;
    };
    const auto add_named = [&](const char* verb, const char* help, auto run) {
        auto* command = add(verb, help, run);
        command->add_option("NAME", options->names, "Names of connectors")->required();
        return command;
    };
    add("list", "All connectors and their states", [](const Options& o) { return list(o); });
    add_named("status", "States, with traces of failures", [](const Options& o) { return status(o); });
    add_named("describe", "Configuration and tasks", [](const Options& o) { return show(o, ""); });
    add_named("offsets", "Where a connector stands in its source",
              [](const Options& o) { return show(o, "/offsets"); });
    add("create", "Create a connector from a file", [](const Options& o) { return create(o, false); })
        ->add_option("FILE", options->file, "JSON or properties")
        ->required();
    add("apply", "Create or update a connector from a file", [](const Options& o) { return create(o, true); })
        ->add_option("FILE", options->file, "JSON or properties")
        ->required();
    add_named("delete", "Delete a connector (its topics and offsets stay)",
              [](const Options& o) { return change(o, "DELETE", "", "deleted"); });
    add_named("pause", "Pause; resume goes on", [](const Options& o) { return change(o, "PUT", "/pause", "paused"); });
    add_named("resume", "Go on after pause or stop",
              [](const Options& o) { return change(o, "PUT", "/resume", "resumed"); });
    add_named("stop", "Stop and give up its tasks",
              [](const Options& o) { return change(o, "PUT", "/stop", "stopped"); });
    auto* restart = add_named("restart", "Restart the connector, or its tasks too", [](const Options& o) {
        return change(o, "POST", format("/restart?includeTasks={}&onlyFailed={}", o.include_tasks, o.only_failed),
                      "restarted");
    });
    restart->add_flag("--include-tasks", options->include_tasks, "Its tasks too");
    restart->add_flag("--only-failed", options->only_failed, "Only what has failed");
}

}  // namespace millrace::cli
