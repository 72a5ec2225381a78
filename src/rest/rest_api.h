#pragma once

#include <string>
#include <vector>

#include "net/http_server.h"
#include "worker/worker.h"

namespace millrace::rest {

/// Kafka Connect's REST API, and topics over HTTP (/topics…), in front of a Worker. Thread-safe.
class RestApi {
  public:
    explicit RestApi(worker::Worker& worker) : worker_(worker) {}

    net::HttpResponse handle(const net::HttpRequest& request);

  private:
    using Segments = std::vector<std::string>;
    net::HttpResponse route(const net::HttpRequest& request, const Segments& path);
    static net::HttpResponse options(const Segments& path);
    net::HttpResponse connectors(const net::HttpRequest& request);
    net::HttpResponse connector(const net::HttpRequest& request, const Segments& path);
    net::HttpResponse connector_tasks(const net::HttpRequest& request, const Segments& path);
    net::HttpResponse connector_offsets(const net::HttpRequest& request, const std::string& name);
    net::HttpResponse loggers(const net::HttpRequest& request, const Segments& path);
    net::HttpResponse forward(const net::HttpRequest& request, const std::string& url) const;
    net::HttpResponse health(const net::HttpRequest& request) const;
    net::HttpResponse plugins(const net::HttpRequest& request, const Segments& path);
    net::HttpResponse topics(const net::HttpRequest& request, const Segments& path);
    net::HttpResponse records(const net::HttpRequest& request, const std::string& topic);

    worker::Worker& worker_;
};

}  // namespace millrace::rest
