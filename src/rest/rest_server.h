#pragma once

#include <memory>
#include <vector>

#include "net/http_server.h"
#include "rest/access_rules.h"
#include "rest/rest_api.h"

namespace millrace::rest {

/// The REST API at all addresses of `listeners` and `admin.listeners`, behind the rules of who may use it. /admin is
/// served where admin.listeners says, or, without that property, everywhere.
class RestServer {
  public:
    /// `api` outlives it. Throws ConfigError.
    RestServer(RestApi& api, const worker::WorkerConfig& config);

    /// Listens and answers from then on. Returns the port of the advertised listener. Throws EnvironmentError if an
    /// address is taken.
    int start();
    void stop();

  private:
    struct Place {
        worker::Listener listener;
        bool serves_api = false;
        bool serves_admin = false;
        std::unique_ptr<net::HttpServer> server;
    };
    net::HttpResponse answer(const Place& place, const net::HttpRequest& request);

    RestApi& api_;
    const worker::WorkerConfig& config_;
    const AccessRules rules_;
    std::vector<std::unique_ptr<Place>> places_;
};

}  // namespace millrace::rest
