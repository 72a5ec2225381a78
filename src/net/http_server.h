#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/tls.h"

namespace millrace::net {

struct HttpRequest {
    std::string method;  ///< HEAD comes as GET; the server leaves the body out.
    std::string path;    ///< Decoded, without the query.
    std::map<std::string, std::string> query;
    std::string body;
    std::string host;             ///< The Host header.
    std::string target;           ///< Path and query as sent.
    std::string authorization;    ///< The Authorization header.
    std::string origin;           ///< The Origin header.
    std::string wanted_method;    ///< Of a preflight: Access-Control-Request-Method.
    std::string scheme = "http";  ///< By which it came.
};

struct HttpResponse {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::map<std::string, std::string> headers;
};

struct HttpServerOptions {
    std::optional<Tls> tls;                    ///< HTTPS if given.
    size_t body_bytes_max = size_t{10} << 20;  ///< A larger request is answered with 413.
    int64_t timeout_ms = 30'000;               ///< For which a connection may stand still in the middle of a request.
};

/// An HTTP/1.1 server (cpp-httplib behind a wall): every request goes to one handler, which runs on the server's
/// own pool of threads and may be called from several at once.
class HttpServer {
  public:
    using Handler = std::function<HttpResponse(const HttpRequest&)>;

    /// Throws ConfigError for TLS that cannot be used.
    HttpServer(Handler handler, const HttpServerOptions& options);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Listens and answers from then on; port 0 takes a free one. Returns the port. Throws EnvironmentError if the
    /// address is taken.
    int start(const std::string& host, int port);
    /// Finishes the requests under way and stops.
    void stop();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::net
