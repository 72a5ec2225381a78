#pragma once

#include <memory>
#include <string>

namespace millrace::net {

struct HttpAnswer {
    int status = 0;
    std::string body;
    std::string location;  ///< The Location header.
};

/// A client of one HTTP server. Not thread-safe.
class HttpClient {
  public:
    /// `url` is http://HOST:PORT. Throws ConfigError if it is none.
    explicit HttpClient(const std::string& url);
    ~HttpClient();

    /// Throws EnvironmentError if the server cannot be reached.
    HttpAnswer send(const std::string& method, const std::string& path, const std::string& body = {},
                    const std::string& authorization = {});

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Percent-encodes a path segment.
std::string encode_segment(const std::string& text);

}  // namespace millrace::net
