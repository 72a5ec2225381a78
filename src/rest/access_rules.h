#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "net/http_server.h"

namespace millrace::rest {

/// Who may use the REST API, and which headers its answers carry.
///
/// Basic authentication takes users from a file of NAME=PASSWORD lines: `rest.auth.users.file`, or what the JAAS entry
/// KafkaConnect names if `rest.extension.classes` has Kafka's BasicAuthSecurityRestExtension (its file is found by
/// -Djava.security.auth.login.config in KAFKA_OPTS, or by `rest.auth.jaas.file`). Both files are read once, at start.
/// Cross-origin requests: `access.control.allow.origin` and `.methods`. Further headers:
/// `response.http.headers.config`. Immutable; safe from any thread.
class AccessRules {
  public:
    /// Throws ConfigError.
    static AccessRules from(const config::Settings& settings);

    /// The answer to a request that may not pass.
    std::optional<net::HttpResponse> refusal(const net::HttpRequest& request) const;
    /// Adds the headers that its answer must carry.
    void decorate(const net::HttpRequest& request, net::HttpResponse& response) const;

  private:
    std::map<std::string, std::string> users_;  ///< Empty: everybody may.
    std::vector<std::string> open_paths_;
    std::vector<std::string> origins_;
    std::vector<std::string> methods_;
    std::map<std::string, std::string> headers_;
};

}  // namespace millrace::rest
