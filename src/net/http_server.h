#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace millrace::net {

struct HttpRequest {
    std::string method;
    std::string path;  ///< Decoded, without the query.
    std::map<std::string, std::string> query;
    std::string body;
    std::string host;           ///< The Host header.
    std::string target;         ///< Path and query as sent.
    std::string authorization;  ///< The Authorization header.
};

struct HttpResponse {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::map<std::string, std::string> headers;
};

/// An HTTP/1.1 server (cpp-httplib behind a wall): every request goes to one handler, which runs on the server's
/// own pool of threads and may be called from several at once.
class HttpServer {
  public:
    using Handler = std::function<HttpResponse(const HttpRequest&)>;

    explicit HttpServer(Handler handler);
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
