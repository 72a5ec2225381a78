#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "convert/bearer_token.h"
#include "net/http_client.h"
#include "net/tls.h"

namespace millrace::convert {

/// A registry of schemas: the id of a schema under a subject's name. Not thread-safe.
class SchemaRegistry {
  public:
    struct Connection {
        std::string property;                ///< The one that `urls` come from.
        std::vector<std::string> urls;       ///< Tried one after the other; http(s)://HOST:PORT[/PATH].
        std::string user_and_password;       ///< NAME:PASSWORD; empty: nobody asks.
        std::shared_ptr<BearerToken> token;  ///< May be missing.
        net::HttpHeaders headers;            ///< Of every request.
        net::Tls tls;
        int64_t read_timeout_ms = 10'000;  ///< A task that stops waits no longer.
    };
    struct Subject {
        std::string group;  ///< Only Apicurio's own API has them; empty: its default.
        std::string name;
    };
    /// Throws ConfigError for a URL that is none.
    explicit SchemaRegistry(Connection connection);
    virtual ~SchemaRegistry();

    /// The id under which the registry has the schema for the subject; asked for once.
    /// Throws RetriableError while no registry can be reached, FatalError where one refuses.
    int64_t id_of(const Subject& subject, const std::string& schema);

  protected:
    /// The first server that answers, beginning with the one that did last. Throws RetriableError.
    net::HttpAnswer send(const std::string& method, const std::string& path, const std::string& body,
                         const net::HttpHeaders& headers = {});

  private:
    virtual int64_t ask(const Subject& subject, const std::string& schema) = 0;

    struct Server;
    std::unique_ptr<Server> server_at(const std::string& address, const std::string& path,
                                      const std::string& url) const;

    const Connection connection_;
    std::vector<std::unique_ptr<Server>> servers_;
    size_t current_ = 0;
    std::unordered_map<std::string, int64_t> known_;  ///< By group, subject and schema, with line feeds between.
};

}  // namespace millrace::convert
