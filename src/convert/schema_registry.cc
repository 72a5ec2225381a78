#include "convert/schema_registry.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::convert {
namespace {

constexpr size_t kSchemasMax = 10'000;

}  // namespace

struct SchemaRegistry::Server {
    Server(std::string api_path, const std::string& address, const Connection& connection)
        : path(std::move(api_path)), client(address, connection.tls, connection.read_timeout_ms) {}

    std::string path;
    net::HttpClient client;
};

SchemaRegistry::SchemaRegistry(Connection connection) : connection_(std::move(connection)) {
    for (const auto& url : connection_.urls) {
        auto [address, path] = net::split_url(url);
        while (path.ends_with('/')) path.pop_back();
        auto server = server_at(address, path, url);
        if (!connection_.user_and_password.empty()) server->client.authenticate(connection_.user_and_password);
        servers_.push_back(std::move(server));
    }
}

SchemaRegistry::~SchemaRegistry() = default;

std::unique_ptr<SchemaRegistry::Server> SchemaRegistry::server_at(const std::string& address, const std::string& path,
                                                                  const std::string& url) const {
    if (url.find("://") == std::string::npos)
        throw ConfigError(connection_.property,
                          format("The '{}' value is invalid: '{}' is not an address of the form http://HOST:PORT/PATH",
                                 connection_.property, url));
    try {
        return std::make_unique<Server>(path, address, connection_);
    } catch (const ConfigError& fault) {
        throw ConfigError(connection_.property,
                          format("The '{}' value is invalid: {}", connection_.property, fault.what()));
    }
}

int64_t SchemaRegistry::id_of(const Subject& subject, const std::string& schema) {
    const std::string key = format("{}\n{}\n{}", subject.group, subject.name, schema);
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
    const int64_t id = ask(subject, schema);
    if (known_.size() >= kSchemasMax) known_.clear();
    return known_.emplace(key, id).first->second;
}

net::HttpAnswer SchemaRegistry::send(const std::string& method, const std::string& path, const std::string& body,
                                     const net::HttpHeaders& headers) {
    net::HttpHeaders all = connection_.headers;
    all.insert(all.end(), headers.begin(), headers.end());
    const auto ask = [&](Server& server) {
        const std::string authorization = connection_.token ? connection_.token->authorization() : std::string();
        return server.client.send(method, server.path + path, body, authorization, all);
    };
    std::string trouble;
    for (size_t tried = 0; tried < servers_.size(); ++tried) {
        Server& server = *servers_[current_];
        const std::string& url = connection_.urls[current_];
        try {
            net::HttpAnswer answer = ask(server);
            constexpr int kUnauthorized = 401;
            if (answer.status == kUnauthorized && connection_.token && connection_.token->renew()) answer = ask(server);
            if (answer.status < 500) return answer;
            trouble = format("{} answers {} {}", url, answer.status, answer.body.substr(0, 200));
        } catch (const EnvironmentError& fault) {
            trouble = format("{}: {}", url, fault.what());
        }
        current_ = (current_ + 1) % servers_.size();
    }
    throw RetriableError(format("No schema registry of {} can be used: {}", connection_.property, trouble));
}

}  // namespace millrace::convert
