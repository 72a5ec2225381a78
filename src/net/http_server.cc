#include "net/http_server.h"

#include <httplib.h>
#include <pthread.h>

#include <chrono>
#include <thread>

#include "base/errors.h"
#include "base/text.h"
#include "net/tls_context.h"

namespace millrace::net {

struct HttpServer::Impl {
    std::unique_ptr<httplib::Server> server;
    Handler handler;
    bool is_tls = false;
    std::thread thread;

    void answer(const httplib::Request& from, httplib::Response& to) const {
        HttpRequest request{from.method == "HEAD" ? "GET" : from.method,
                            from.path,
                            {},
                            from.body,
                            from.get_header_value("Host"),
                            from.target,
                            from.get_header_value("Authorization"),
                            from.get_header_value("Origin"),
                            from.get_header_value("Access-Control-Request-Method"),
                            is_tls ? "https" : "http"};
        for (const auto& [name, value] : from.params) {  // a repeated parameter becomes a list
            auto& text = request.query[name];
            text += (text.empty() ? "" : ",") + value;
        }
        const HttpResponse response = handler(request);
        to.status = response.status;
        for (const auto& [name, value] : response.headers) to.set_header(name, value);
        if (!response.body.empty()) to.set_content(response.body, response.content_type);
    }
};

namespace {

std::unique_ptr<httplib::Server> make_server(const std::optional<Tls>& tls) {
    if (!tls) return std::make_unique<httplib::Server>();
    if (tls->certificates.empty())
        throw ConfigError("ssl.keystore.location",
                          "An https listener needs a certificate: set 'ssl.keystore.location' or "
                          "'listeners.https.ssl.keystore.location'");
    auto server = std::make_unique<httplib::SSLServer>([&](SSL_CTX& context) {
        apply(*tls, &context, true);
        return true;
    });
    return server;
}

}  // namespace

HttpServer::HttpServer(Handler handler, const HttpServerOptions& options) : impl_(std::make_unique<Impl>()) {
    impl_->handler = std::move(handler);
    impl_->server = make_server(options.tls);
    impl_->is_tls = options.tls.has_value();
    const auto answer = [this](const httplib::Request& from, httplib::Response& to) { impl_->answer(from, to); };
    auto& server = *impl_->server;
    server.Get(".*", answer);
    server.Post(".*", answer);
    server.Put(".*", answer);
    server.Patch(".*", answer);
    server.Delete(".*", answer);
    server.Options(".*", answer);
    server.set_error_handler([](const httplib::Request&, httplib::Response& to) {
        if (to.body.empty() && to.status == 413)
            to.set_content(R"({"error_code":413,"message":"HTTP 413 Request Entity Too Large"})", "application/json");
    });
    server.set_payload_max_length(options.body_bytes_max);
    server.set_read_timeout(std::chrono::milliseconds(options.timeout_ms));
    server.set_write_timeout(std::chrono::milliseconds(options.timeout_ms));
    server.set_tcp_nodelay(true);  // without it each answer waits 40 ms for the client's delayed acknowledgement
    server.set_keep_alive_max_count(1'000'000);
    server.new_task_queue = [] { return new httplib::ThreadPool(8); };  // the library takes ownership
}

HttpServer::~HttpServer() {
    stop();
}

int HttpServer::start(const std::string& host, int port) {
    auto& server = *impl_->server;
    const bool any = host.empty() || host == "0.0.0.0" || host == "*";
    const std::string address = any ? "0.0.0.0" : host;
    int bound = port;
    if (port == 0)
        bound = server.bind_to_any_port(address);
    else if (!server.bind_to_port(address, port))
        bound = -1;
    if (bound < 0)
        throw EnvironmentError(
            format("Cannot listen on {}:{}: the port is taken or the address is not this machine's; set "
                   "listeners=http://HOST:PORT",
                   address, port));
    impl_->thread = std::thread([this] {
        pthread_setname_np(pthread_self(), "http");
        impl_->server->listen_after_bind();
    });
    return bound;
}

void HttpServer::stop() {
    impl_->server->stop();
    if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace millrace::net
