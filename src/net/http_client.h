#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/tls.h"

namespace millrace::net {

struct HttpAnswer {
    int status = 0;
    std::string body;
    std::string location;  ///< The Location header.
};

/// Names and values.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// A client of one HTTP server. Not thread-safe.
class HttpClient {
  public:
    /// `url` is http://HOST:PORT or https://HOST:PORT; the server's certificate must name the host and be trusted.
    /// An answer may take `read_timeout_ms`. Throws ConfigError if it is none.
    explicit HttpClient(const std::string& url, const Tls& tls = {}, int64_t read_timeout_ms = 120'000);
    ~HttpClient();

    /// Every request carries NAME:PASSWORD from then on, unless it brings an authorization of its own.
    void authenticate(const std::string& user_and_password);

    /// A body is JSON unless `headers` say otherwise. Throws EnvironmentError if the server cannot be reached.
    HttpAnswer send(const std::string& method, const std::string& path, const std::string& body = {},
                    const std::string& authorization = {}, const HttpHeaders& headers = {});

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// "http://host:8081/apis/v7" as the server's address and the path, which may be empty.
std::pair<std::string, std::string> split_url(const std::string& url);

/// Percent-encodes a path segment.
std::string encode_segment(const std::string& text);

}  // namespace millrace::net
