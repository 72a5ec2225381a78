#pragma once

#include <stdexcept>
#include <string>

namespace millrace::worker {

/// A request that cannot be fulfilled, with the HTTP status that Kafka Connect answers it with. Caught by the REST
/// handler and by main.
class RequestError : public std::runtime_error {
  public:
    RequestError(int status, const std::string& message) : std::runtime_error(message), status_(status) {}
    int status() const { return status_; }

  private:
    int status_;
};

/// A request that another worker must answer: the leader, or the one that has a task. The REST handler passes it on.
class ForwardRequest : public std::runtime_error {
  public:
    explicit ForwardRequest(const std::string& url) : std::runtime_error("forwarded to " + url), url_(url) {}
    /// Of that worker's REST API, without a '/' at the end.
    const std::string& url() const { return url_; }

  private:
    std::string url_;
};

}  // namespace millrace::worker
