#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/http_client.h"
#include "net/tls.h"

namespace millrace::convert {

/// What a client shows a registry to be let in: a token that is given, or one by OAuth's client credentials grant (RFC
/// 6749, section 4.4), which is asked for when it is needed and anew before it ends. Not thread-safe.
class BearerToken {
  public:
    struct Options {
        std::string property;  ///< The one that `endpoint` comes from.
        std::string fixed;     ///< The token itself; empty: it is asked for.
        std::string endpoint, client_id, client_secret, scope;
        net::Tls tls;
        int64_t read_timeout_ms = 10'000;
    };
    /// Throws ConfigError for an endpoint that is none.
    explicit BearerToken(Options options);

    /// The Authorization header's value. Throws RetriableError while the endpoint cannot be reached, FatalError where
    /// it refuses.
    const std::string& authorization();
    /// The registry does not take it any more. False: there is no other to be had.
    bool renew();

  private:
    void ask();

    const Options options_;
    std::string path_;
    std::unique_ptr<net::HttpClient> client_;
    std::string authorization_;
    int64_t good_until_ms_ = 0;  ///< By steady_ms().
};

}  // namespace millrace::convert
