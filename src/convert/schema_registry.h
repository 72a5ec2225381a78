#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/http_client.h"
#include "net/tls.h"

namespace millrace::convert {

/// A schema registry with Confluent's API (Confluent's own, or Apicurio's /apis/ccompat/v7). Not thread-safe.
class SchemaRegistry {
  public:
    struct Options {
        std::vector<std::string> urls;  ///< Tried one after the other; http(s)://HOST:PORT[/PATH].
        std::string user_and_password;  ///< NAME:PASSWORD; empty: nobody asks.
        net::Tls tls;
        int64_t read_timeout_ms = 10'000;  ///< http.read.timeout.ms: a task that stops waits no longer.
        bool auto_register = true;         ///< auto.register.schemas; else the schema must be there.
        bool use_latest = false;           ///< use.latest.version: the subject's newest schema must be ours.
    };
    /// Throws ConfigError for a URL that is none.
    explicit SchemaRegistry(Options options);
    ~SchemaRegistry();

    /// The id under which the registry has the schema for the subject; asked for once.
    /// Throws RetriableError while no registry can be reached, FatalError where one refuses.
    int32_t id_of(const std::string& subject, const std::string& schema);

  private:
    struct Server;
    net::HttpAnswer send(const std::string& method, const std::string& path, const std::string& body);
    int32_t ask(const std::string& subject, const std::string& schema);

    const Options options_;
    std::vector<std::unique_ptr<Server>> servers_;
    size_t current_ = 0;
    std::unordered_map<std::string, int32_t> known_;  ///< By subject, line feed, schema.
};

}  // namespace millrace::convert
