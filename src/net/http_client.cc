#include "net/http_client.h"

#include <httplib.h>

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/errors.h"
#include "base/text.h"
#include "net/tls_context.h"

namespace millrace::net {

struct HttpClient::Impl {
    std::string url;
    std::unique_ptr<httplib::ClientImpl> client;
    std::string authorization;
};

namespace {

std::unique_ptr<httplib::ClientImpl> client_of(const std::string& url, const Tls& tls) {
    const size_t scheme_end = url.find("://");
    const std::string scheme = lower(url.substr(0, scheme_end));
    const std::string address = url.substr(scheme_end + 3);
    const size_t colon = address.rfind(':');
    const auto port = colon == std::string::npos ? std::optional<int64_t>(scheme == "https" ? 443 : 80)
                                                 : parse_int(address.substr(colon + 1));
    const std::string host = address.substr(0, colon);
    if (host.empty() || !port || *port < 1 || *port > 65535 || (scheme != "http" && scheme != "https"))
        throw ConfigError("at",
                          format("'{}' is not an address of the form http://HOST:PORT or https://HOST:PORT", url));
    if (scheme == "http") return std::make_unique<httplib::ClientImpl>(host, static_cast<int>(*port));
    auto client = std::make_unique<httplib::SSLClient>(host, static_cast<int>(*port));
    apply(tls, client->ssl_context(), false);
    client->enable_server_certificate_verification(true);
    return client;
}

}  // namespace

HttpClient::HttpClient(const std::string& url, const Tls& tls, int64_t read_timeout_ms)
    : impl_(std::make_unique<Impl>()) {
    impl_->url = url.find("://") == std::string::npos ? "http://" + url : url;
    while (impl_->url.ends_with('/')) impl_->url.pop_back();
    impl_->client = client_of(impl_->url, tls);
    impl_->client->set_connection_timeout(5);
    impl_->client->set_read_timeout(read_timeout_ms / 1000, read_timeout_ms % 1000 * 1000);
    impl_->client->set_keep_alive(true);
    impl_->client->set_tcp_nodelay(true);
}

HttpClient::~HttpClient() = default;

void HttpClient::authenticate(const std::string& user_and_password) {
    impl_->authorization = "Basic ";
    base64::append(impl_->authorization, user_and_password);
}

HttpAnswer HttpClient::send(const std::string& method, const std::string& path, const std::string& body,
                            const std::string& authorization, const HttpHeaders& headers) {
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    const bool has_type = std::any_of(headers.begin(), headers.end(),
                                      [](const auto& header) { return iequals(header.first, "Content-Type"); });
    if (!body.empty() && !has_type) request.set_header("Content-Type", "application/json");
    const std::string& shown = authorization.empty() ? impl_->authorization : authorization;
    if (!shown.empty()) request.set_header("Authorization", shown);
    for (const auto& [name, value] : headers) request.set_header(name, value);
    const auto result = impl_->client->send(request);
    if (!result)
        throw EnvironmentError(format("No answer from {}: {}; is the worker running there? (--at URL names another)",
                                      impl_->url, httplib::to_string(result.error())));
    return {result->status, result->body, result->get_header_value("Location")};
}

std::pair<std::string, std::string> split_url(const std::string& url) {
    const size_t scheme = url.find("://");
    const size_t slash = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
    if (slash == std::string::npos) return {url, ""};
    return {url.substr(0, slash), url.substr(slash)};
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
