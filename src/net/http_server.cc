#include "net/http_server.h"

#include <httplib.h>
#include <pthread.h>

#include <thread>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::net {

struct HttpServer::Impl {
    httplib::Server server;
    Handler handler;
    std::thread thread;

    void answer(const httplib::Request& from, httplib::Response& to) const {
        HttpRequest request{from.method,
                            from.path,
                            {},
                            from.body,
                            from.get_header_value("Host"),
                            from.target,
                            from.get_header_value("Authorization")};
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

HttpServer::HttpServer(Handler handler) : impl_(std::make_unique<Impl>()) {
    impl_->handler = std::move(handler);
    const auto answer = [this](const httplib::Request& from, httplib::Response& to) { impl_->answer(from, to); };
    auto& server = impl_->server;
    server.Get(".*", answer);
    server.Post(".*", answer);
    server.Put(".*", answer);
    server.Patch(".*", answer);
    server.Delete(".*", answer);
    server.set_tcp_nodelay(true);  // without it each answer waits 40 ms for the client's delayed acknowledgement
    server.set_keep_alive_max_count(1'000'000);
    server.new_task_queue = [] { return new httplib::ThreadPool(8); };  // the library takes ownership
}

HttpServer::~HttpServer() {
    stop();
}

int HttpServer::start(const std::string& host, int port) {
    auto& server = impl_->server;
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
        impl_->server.listen_after_bind();
    });
    return bound;
}

void HttpServer::stop() {
    impl_->server.stop();
    if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace millrace::net
