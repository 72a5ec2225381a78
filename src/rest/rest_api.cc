#include "rest/rest_api.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "net/http_client.h"
#include "rest/topic_export.h"
#include "worker/request_error.h"

namespace millrace::rest {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using worker::RequestError;

HttpResponse json_response(const Json& json, int status = 200) {
    return {status, to_text(json), "application/json", {}};
}

HttpResponse error_response(int status, const std::string& message) {
    Json json;
    json["error_code"] = status;
    json["message"] = message;
    return json_response(json, status);
}

[[noreturn]] void not_found() {
    throw RequestError(404, "HTTP 404 Not Found");
}
[[noreturn]] void not_allowed() {
    throw RequestError(405, "HTTP 405 Method Not Allowed");
}

std::string parameter(const HttpRequest& request, const char* name, const char* fallback = "") {
    const auto found = request.query.find(name);
    return found == request.query.end() ? fallback : found->second;
}

Json parse_body(const HttpRequest& request) {
    std::string problem;
    const auto json = parse_json(request.body, &problem);
    if (!json) throw RequestError(500, problem);
    if (!json->is_object()) throw RequestError(500, "Cannot deserialize the request: a JSON object is expected");
    return *json;
}

/// A connector's configuration: texts, numbers and booleans as their text, null as absent.
worker::Worker::Config config_from(const Json& json) {
    if (!json.is_object()) throw RequestError(500, "Cannot deserialize the configuration: a JSON object is expected");
    worker::Worker::Config config;
    for (const auto& [name, value] : json.items()) {
        if (value.is_null()) continue;
        if (value.is_object() || value.is_array())
            throw RequestError(
                500, format("Cannot deserialize the value of '{}': a text, number or boolean is expected", name));
        config[name] = value.is_string() ? value.get<std::string>() : value.dump();
    }
    return config;
}

int task_number(const std::string& text) {
    const auto number = parse_int(text);
    if (!number || *number < 0 || *number > INT32_MAX) not_found();
    return static_cast<int>(*number);
}

}  // namespace

HttpResponse RestApi::handle(const HttpRequest& request) {
    try {
        Segments path;
        for (auto& segment : split(request.path, '/'))
            if (!segment.empty()) path.push_back(std::move(segment));
        if (request.method == "OPTIONS") return options(path);
        return route(request, path);
    } catch (const worker::ForwardRequest& elsewhere) {
        return forward(request, elsewhere.url());
    } catch (const RequestError& refusal) {
        return error_response(refusal.status(), refusal.what());
    } catch (const ConfigError& fault) {
        return error_response(400, fault.what());
    } catch (const std::exception& fault) {
        log::warn("rest", format("{} {}: {}", request.method, request.path, fault.what()));
        return error_response(500, fault.what());
    }
}

/// The methods of a path.
HttpResponse RestApi::options(const Segments& path) {
    static const std::pair<const char*, const char*> kMethods[] = {
        {"", "GET"},
        {"health", "GET"},
        {"metrics", "GET"},
        {"admin/loggers", "GET"},
        {"admin/loggers/*", "GET,PUT"},
        {"connectors", "GET,POST"},
        {"connectors/*", "GET,DELETE"},
        {"connectors/*/config", "GET,PUT,PATCH"},
        {"connectors/*/status", "GET"},
        {"connectors/*/tasks", "GET"},
        {"connectors/*/tasks-config", "GET"},
        {"connectors/*/tasks/*/status", "GET"},
        {"connectors/*/tasks/*/restart", "POST"},
        {"connectors/*/restart", "POST"},
        {"connectors/*/pause", "PUT"},
        {"connectors/*/resume", "PUT"},
        {"connectors/*/stop", "PUT"},
        {"connectors/*/signals", "POST"},
        {"connectors/*/metrics", "GET"},
        {"connectors/*/topics", "GET"},
        {"connectors/*/topics/reset", "PUT"},
        {"connectors/*/offsets", "GET,PATCH,DELETE"},
        {"connector-plugins", "GET"},
        {"connector-plugins/*/config", "GET"},
        {"connector-plugins/*/config/validate", "PUT"},
        {"topics", "GET"},
        {"topics/*", "GET,DELETE"},
        {"topics/*/records", "GET,POST"},
    };
    for (const auto& [pattern, methods] : kMethods) {
        Segments wanted = split(pattern, '/');
        if (wanted.size() == 1 && wanted[0].empty()) wanted.clear();
        const bool matches = wanted.size() == path.size() && std::equal(wanted.begin(), wanted.end(), path.begin(),
                                                                        [](const auto& part, const auto& given) {
                                                                            return part == "*" || part == given;
                                                                        });
        if (!matches) continue;
        const std::string all = std::string(methods[0] == 'G' ? "HEAD," : "") + methods + ",OPTIONS";
        return {200, replace_all(all, ",", ", "), "text/plain", {{"Allow", all}}};
    }
    not_found();
}

HttpResponse RestApi::route(const HttpRequest& request, const Segments& path) {
    if (path.empty()) {
        if (request.method != "GET") not_allowed();
        return json_response({{"version", worker::kConnectVersion},
                              {"commit", "millrace"},
                              {"kafka_cluster_id", worker_.log().cluster_id()}});
    }
    if (path[0] == "health" && path.size() == 1) return health(request);
    if (path[0] == "metrics" && path.size() == 1) {
        if (request.method != "GET") not_allowed();
        return {200, worker_.metrics(), "text/plain; version=0.0.4; charset=utf-8", {}};
    }
    if (path[0] == "admin" && path.size() >= 2 && path[1] == "loggers") return loggers(request, path);
    if (path[0] == "connectors") return path.size() == 1 ? connectors(request) : connector(request, path);
    if (path[0] == "connector-plugins") return plugins(request, path);
    if (path[0] == "topics") return topics(request, path);
    not_found();
}

HttpResponse RestApi::health(const HttpRequest& request) const {
    if (request.method != "GET") not_allowed();
    if (worker_.is_ready())
        return json_response(
            {{"status", "healthy"}, {"message", "Worker has completed startup and is ready to handle requests."}});
    return json_response({{"status", "starting"}, {"message", "Worker is still starting up."}}, 503);
}

/// To the worker that can answer. A request that was passed on once is not passed on again.
HttpResponse RestApi::forward(const HttpRequest& request, const std::string& url) const {
    if (parameter(request, "forward") == std::string("false"))
        return error_response(409,
                              "Cannot complete request because of a conflicting operation (e.g. worker rebalance)");
    const net::Tls tls = url.starts_with("https") ? worker_.settings().rest_tls() : net::Tls();
    const std::string target = request.target + (request.target.find('?') == std::string::npos ? "?" : "&");
    try {
        const auto answer = net::HttpClient(url, tls).send(request.method, target + "forward=false", request.body,
                                                           request.authorization);
        HttpResponse response{answer.status, answer.body, "application/json", {}};
        if (!answer.location.empty()) response.headers["Location"] = answer.location;
        return response;
    } catch (const EnvironmentError& fault) {
        return error_response(500, format("IO Error trying to forward REST request: {}", fault.what()));
    }
}

HttpResponse RestApi::loggers(const HttpRequest& request, const Segments& path) {
    const auto shown = [](const log::LoggerLevel& logger) {
        return Json{{"level", log::name_of(logger.level)},
                    {"last_modified", logger.changed_ms ? Json(*logger.changed_ms) : Json(nullptr)}};
    };
    if (path.size() == 2) {
        if (request.method != "GET") not_allowed();
        Json all = Json::object();
        for (const auto& logger : log::levels()) all[logger.logger] = shown(logger);
        return json_response(all);
    }
    if (path.size() != 3) not_found();
    const std::string& name = path[2];
    if (request.method == "GET") {
        for (const auto& logger : log::levels())
            if (logger.logger == name) return json_response(shown(logger));
        throw RequestError(404, format("Logger {} not found.", name));
    }
    if (request.method != "PUT") not_allowed();
    const Json body = parse_body(request);
    const auto wanted = body.find("level");
    if (wanted == body.end() || !wanted->is_string())
        throw RequestError(400, "Desired 'level' parameter was not specified in request.");
    const auto level = log::parse_level(wanted->get<std::string>());
    if (!level) throw RequestError(404, format("invalid log level '{}'.", wanted->get<std::string>()));
    if (iequals(parameter(request, "scope"), "cluster")) {
        worker_.set_cluster_level(name, std::string(log::name_of(*level)));
        return {204, "", "application/json", {}};
    }
    log::set_level(name, *level);
    Json changed = Json::array();
    for (const auto& logger : log::levels())
        if (logger.logger == name || logger.logger.starts_with(name + ".")) changed.push_back(logger.logger);
    return json_response(changed);
}

HttpResponse RestApi::connectors(const HttpRequest& request) {
    if (request.method == "GET") {
        const std::string expand = parameter(request, "expand");
        Json json = expand.empty() ? Json::array() : Json::object();
        // expand may be repeated; the server keeps the last, and both forms "status,info" mean the same.
        const bool all = expand.find(',') != std::string::npos;
        for (const auto& name : worker_.names()) {
            if (expand.empty()) {
                json.push_back(name);
                continue;
            }
            Json shown = Json::object();
            try {
                if (all || expand == "status") shown["status"] = worker_.status(name);
                if (all || expand == "info") shown["info"] = worker_.info(name);
            } catch (const RequestError&) {
                continue;  // just made, or just deleted: left out, as Kafka Connect does
            }
            json[name] = std::move(shown);
        }
        return json_response(json);
    }
    if (request.method != "POST") not_allowed();
    const Json body = parse_body(request);
    for (const auto& [key, value] : body.items())
        if (key != "name" && key != "config" && key != "initial_state")
            throw RequestError(500, format("Unrecognized field \"{}\"", key));
    if (!body.contains("config") || body["config"].is_null()) throw RequestError(500, "The request has no \"config\"");
    const auto config = config_from(body["config"]);
    std::string name =
        body.contains("name") && body["name"].is_string() ? body["name"].get<std::string>() : std::string();
    const auto named = config.find("name");
    if (name.empty() && named != config.end()) name = named->second;
    if (trimmed(name).empty())
        throw RequestError(
            400,
            "Connector configuration is invalid and contains the following 1 error(s):\nInvalid value  for "
            "configuration name: String may not be empty\nYou can also find the above list of errors at the "
            "endpoint `/connector-plugins/{connectorType}/config/validate`");
    if (named != config.end() && named->second != name)
        throw RequestError(400, format("Connector name configuration ({}) doesn't match connector name in the URL ({})",
                                       named->second, name));
    const std::string initial = upper(body.value("initial_state", "RUNNING"));
    if (initial != "RUNNING" && initial != "PAUSED" && initial != "STOPPED")
        throw RequestError(500, format("Invalid initial_state '{}': it is RUNNING, PAUSED or STOPPED", initial));
    HttpResponse response = json_response(worker_.create(name, config, initial), 201);
    response.headers["Location"] = format("{}://{}/connectors/{}", request.scheme, request.host, name);
    return response;
}

HttpResponse RestApi::connector(const HttpRequest& request, const Segments& path) {
    const std::string& name = path[1];
    const std::string& method = request.method;
    if (path.size() == 2) {
        if (method == "GET") return json_response(worker_.info(name));
        if (method != "DELETE") not_allowed();
        worker_.remove(name);
        return {204, "", "application/json", {}};
    }
    const std::string& what = path[2];
    if (what == "tasks") return connector_tasks(request, path);
    if (what == "topics" && path.size() == 4 && path[3] == "reset") {
        if (method != "PUT") not_allowed();
        worker_.reset_topics(name);
        return {202, "", "application/json", {}};
    }
    if (path.size() != 3) not_found();
    if (what == "offsets") return connector_offsets(request, name);
    if (what == "tasks-config") {
        if (method != "GET") not_allowed();
        return json_response(worker_.task_configs(name));
    }
    if (what == "config") {
        if (method == "GET") return json_response(worker_.config(name));
        if (method != "PUT" && method != "PATCH") not_allowed();
        const Json config = parse_body(request);
        if (method == "PATCH") return json_response(worker_.patch_config(name, config));
        const bool is_new = worker_.put_config(name, config_from(config));
        return json_response(worker_.info(name), is_new ? 201 : 200);
    }
    if (what == "metrics") {
        if (method != "GET") not_allowed();
        return json_response(worker_.metrics(name));
    }
    if (what == "status" || what == "topics") {
        if (method != "GET") not_allowed();
        return json_response(what == "status" ? worker_.status(name) : worker_.topics(name));
    }
    if (what == "restart") {
        if (method != "POST") not_allowed();
        const auto status = worker_.restart(name, iequals(parameter(request, "includeTasks"), "true"),
                                            iequals(parameter(request, "onlyFailed"), "true"));
        return status ? json_response(*status, 202) : HttpResponse{204, "", "application/json", {}};
    }
    if (what == "signals") {
        if (method != "POST") not_allowed();
        return json_response(Json{{"id", worker_.signal(name, parse_body(request))}}, 202);
    }
    if (what == "pause" || what == "resume" || what == "stop") {
        if (method != "PUT") not_allowed();
        if (what == "pause")
            worker_.pause(name);
        else if (what == "resume")
            worker_.resume(name);
        else
            worker_.stop_connector(name);
        return {what == "stop" ? 204 : 202, "", "application/json", {}};
    }
    not_found();
}

HttpResponse RestApi::connector_offsets(const HttpRequest& request, const std::string& name) {
    if (request.method == "GET") return json_response(worker_.offsets(name));
    if (request.method == "PATCH") return json_response(worker_.alter_offsets(name, parse_body(request)));
    if (request.method == "DELETE") return json_response(worker_.reset_offsets(name));
    not_allowed();
}

HttpResponse RestApi::connector_tasks(const HttpRequest& request, const Segments& path) {
    const std::string& name = path[1];
    if (path.size() == 3) {
        if (request.method != "GET") not_allowed();
        return json_response(worker_.tasks(name));
    }
    if (path.size() != 5) not_found();
    const int task = task_number(path[3]);
    if (path[4] == "status") {
        if (request.method != "GET") not_allowed();
        return json_response(worker_.task_status(name, task));
    }
    if (path[4] != "restart") not_found();
    if (request.method != "POST") not_allowed();
    worker_.restart_task(name, task);
    return {204, "", "application/json", {}};
}

HttpResponse RestApi::plugins(const HttpRequest& request, const Segments& path) {
    if (path.size() == 1) {
        if (request.method != "GET") not_allowed();
        return json_response(worker_.plugins(!iequals(parameter(request, "connectorsOnly", "true"), "false")));
    }
    if (path.size() == 3 && path[2] == "config") {
        if (request.method != "GET") not_allowed();
        return json_response(worker_.plugin_config(path[1]));
    }
    if (path.size() != 4 || path[2] != "config" || path[3] != "validate") not_found();
    if (request.method != "PUT") not_allowed();
    return json_response(worker_.validate(path[1], config_from(parse_body(request))));
}

HttpResponse RestApi::topics(const HttpRequest& request, const Segments& path) {
    auto& log = worker_.log();
    if (path.size() == 1) {
        if (request.method != "GET") not_allowed();
        std::string list = "[";
        for (const auto& info : log.topics()) list += (list.size() > 1 ? "," : "") + listing_line(info);
        return {200, list + "]", "application/json", {}};
    }
    const std::string& name = path[1];
    if (path.size() == 3 && path[2] == "records") return records(request, name);
    if (path.size() != 2) not_found();
    if (request.method == "DELETE") {
        if (!log.remove_topic(name)) throw RequestError(404, format("Topic {} not found", name));
        return {204, "", "application/json", {}};
    }
    if (request.method != "GET") not_allowed();
    const auto info = log.topic(name);
    if (!info) throw RequestError(404, format("Topic {} not found", name));
    return {200, description(*info), "application/json", {}};
}

/// GET: records as JSON lines. `offsets` is PARTITION:OFFSET,… (partitions left out begin at 0), `bytes` bounds the
/// answer, `wait` is how many ms to wait for the first record. POST: one record, {"key":…,"value":…}.
HttpResponse RestApi::records(const HttpRequest& request, const std::string& topic) {
    auto& log = worker_.log();
    if (request.method == "POST") {
        const Json body = parse_body(request);
        const auto text = [&](const char* field) -> std::optional<std::string> {
            if (!body.contains(field) || body[field].is_null()) return std::nullopt;
            return body[field].is_string() ? body[field].get<std::string>() : body[field].dump();
        };
        const auto key = text("key");
        const auto value = text("value");
        topiclog::AppendBatch batch;
        batch.add(topic, key ? &*key : nullptr, value ? &*value : nullptr, now_ms());
        log.append(batch);
        return {204, "", "application/json", {}};
    }
    if (request.method != "GET") not_allowed();
    constexpr int64_t kWaitMsMax = 30'000;
    constexpr int64_t kBytesDefault = 1 << 20;
    std::map<int32_t, int64_t> from;
    for (const auto& pair : split_list(parameter(request, "offsets"))) {
        const auto parts = split(pair, ':');
        const auto partition = parse_int(parts[0]);
        const auto offset = parts.size() == 2 ? parse_int(parts[1]) : std::nullopt;
        if (!partition || !offset) throw RequestError(400, format("'{}' is not of the form PARTITION:OFFSET", pair));
        from[static_cast<int32_t>(*partition)] = *offset;
    }
    const auto bytes = static_cast<size_t>(parse_int(parameter(request, "bytes")).value_or(kBytesDefault));
    const int64_t wait_ms = std::min(parse_int(parameter(request, "wait")).value_or(0), kWaitMsMax);
    if (wait_ms == 0 && !log.topic(topic)) throw RequestError(404, format("Topic {} not found", topic));
    std::string lines;
    const auto visit = [&](const topiclog::StoredRecord& record) { lines += export_line(record) + "\n"; };
    const auto reader = log.open_reader(topic, from);
    if (reader->poll(visit, wait_ms) != 0)
        while (lines.size() < bytes && reader->poll(visit, 0) != 0) continue;
    return {200, lines, "application/x-ndjson", {}};
}

}  // namespace millrace::rest
