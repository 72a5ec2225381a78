#include "rest/rest_server.h"

#include <algorithm>
#include <utility>

namespace millrace::rest {

RestServer::RestServer(RestApi& api, const worker::WorkerConfig& config)
    : api_(api), config_(config), rules_(AccessRules::from(config.settings)) {
    const auto place_of = [&](const worker::Listener& listener) -> Place& {
        const auto same = std::find_if(places_.begin(), places_.end(), [&](const auto& place) {
            return listener.port != 0 && place->listener.host == listener.host && place->listener.port == listener.port;
        });
        if (same != places_.end()) return **same;
        places_.push_back(std::make_unique<Place>());
        places_.back()->listener = listener;
        return *places_.back();
    };
    for (const auto& listener : config.listeners) {
        Place& place = place_of(listener);
        place.serves_api = true;
        place.serves_admin = !config.admin_listeners;
    }
    if (config.admin_listeners)
        for (const auto& listener : *config.admin_listeners) place_of(listener).serves_admin = true;
    net::HttpServerOptions options;
    options.body_bytes_max = static_cast<size_t>(config.settings.integer("rest.request.bytes.max"));
    options.timeout_ms = config.settings.integer("rest.request.timeout.ms");
    for (auto& place : places_) {
        options.tls.reset();
        if (place->listener.scheme == "https") options.tls = config.rest_tls();
        place->server = std::make_unique<net::HttpServer>(
            [this, &place = *place](const net::HttpRequest& request) { return answer(place, request); }, options);
    }
}

net::HttpResponse RestServer::answer(const Place& place, const net::HttpRequest& request) {
    const bool is_admin = request.path == "/admin" || request.path.starts_with("/admin/");
    net::HttpResponse response;
    if (is_admin ? !place.serves_admin : !place.serves_api)
        response = {404, R"({"error_code":404,"message":"HTTP 404 Not Found"})", "application/json", {}};
    else if (auto refusal = rules_.refusal(request))
        response = std::move(*refusal);
    else
        response = api_.handle(request);
    rules_.decorate(request, response);
    return response;
}

int RestServer::start() {
    int port = 0;
    for (auto& place : places_) {
        const auto& listener = place->listener;
        const int bound = place->server->start(listener.host, static_cast<int>(listener.port));
        const bool is_advertised = listener.scheme == config_.advertised_listener().scheme && place->serves_api;
        if (port == 0 && is_advertised) port = bound;
    }
    return port;
}

void RestServer::stop() {
    for (auto& place : places_) place->server->stop();
}

}  // namespace millrace::rest
