#include "net/http_client.h"

#include <httplib.h>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::net {

struct HttpClient::Impl {
    std::string url;
    std::unique_ptr<httplib::Client> client;
};

HttpClient::HttpClient(const std::string& url) : impl_(std::make_unique<Impl>()) {
    impl_->url = url.find("://") == std::string::npos ? "http://" + url : url;
    while (impl_->url.ends_with('/')) impl_->url.pop_back();
    impl_->client = std::make_unique<httplib::Client>(impl_->url);
    if (!impl_->client->is_valid())
        throw ConfigError("at", format("'{}' is not an address of the form http://HOST:PORT", url));
    impl_->client->set_connection_timeout(5);
    impl_->client->set_read_timeout(120);
    impl_->client->set_keep_alive(true);
    impl_->client->set_tcp_nodelay(true);
}

HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::send(const std::string& method, const std::string& path, const std::string& body,
                            const std::string& authorization) {
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    if (!body.empty()) request.set_header("Content-Type", "application/json");
    if (!authorization.empty()) request.set_header("Authorization", authorization);
    const auto result = impl_->client->send(request);
    if (!result)
        throw EnvironmentError(format("No answer from {}: {}; is the worker running there? (--at URL names another)",
                                      impl_->url, httplib::to_string(result.error())));
    return {result->status, result->body, result->get_header_value("Location")};
}

std::string encode_segment(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.' || c == '~';
        if (plain)
            out += c;
        else
            out += "%" + upper(hex(std::string_view(&c, 1)));
    }
    return out;
}

}  // namespace millrace::net
