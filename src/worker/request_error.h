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

}  // namespace millrace::worker
