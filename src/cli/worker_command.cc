#include "cli/worker_command.h"

#include <chrono>
#include <csignal>
#include <thread>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/source_types.h"
#include "cli/version.h"
#include "cli/worker_files.h"
#include "net/http_client.h"
#include "rest/rest_server.h"
#include "transform/plugins.h"
#include "worker/request_error.h"
#include "worker/worker.h"

namespace millrace::cli {
namespace {

using Config = worker::ConnectorConfig;

/// Returns at once when the worker can never work.
int wait_for_signal(worker::Worker& worker) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    const timespec second{1, 0};
    for (;;) {
        const int number = sigtimedwait(&signals, nullptr, &second);
        if (number > 0 || worker.refusal()) return number;
    }
}

/// Connectors given on the command line go in once this worker has found its place.
void wait_until_ready(worker::Worker& worker) {
    constexpr int64_t kWaitMs = 120'000;
    const int64_t deadline = steady_ms() + kWaitMs;
    while (!worker.is_ready()) {
        if (const auto refusal = worker.refusal()) throw EnvironmentError(*refusal);
        if (steady_ms() > deadline) throw EnvironmentError("The group of workers did not form within two minutes");
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

void put_connector(const worker::WorkerConfig& own, worker::Worker& worker, const std::string& name,
                   const Config& config) {
    try {
        worker.put_config(name, config);
    } catch (const worker::ForwardRequest& elsewhere) {
        Json body = Json::object();
        for (const auto& [property, value] : config) body[property] = value;
        const auto answer = net::HttpClient(elsewhere.url(), own.rest_tls())
                                .send("PUT", "/connectors/" + net::encode_segment(name) + "/config", to_text(body));
        if (answer.status >= 400) throw worker::RequestError(answer.status, answer.body);
    }
}

/// Before any thread is made, so that none but wait_for_signal() gets them.
void block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int run_worker(const std::vector<std::string>& files, const std::vector<std::string>& overrides) {
    block_signals();
    const int64_t started = steady_ms();
    const auto [settings, connectors] = read_worker_files(files, overrides);
    const auto config = worker::WorkerConfig::from(settings);
    log::set_level(log::parse_level(config.settings.text("log.level")).value_or(log::Level::Info));
    transform::load_plugins(settings.list("plugin.path"));
    for (const auto& notice : worker::worker_properties().notices(settings, {})) log::info("worker", notice);

    const auto log = worker::open_log(config);
    worker::Worker worker(config, *log, source_types());
    rest::RestApi api(worker);
    rest::RestServer server(api, config);
    const int port = server.start();
    log::info("worker", format("Millrace {} listens at {}://{} after {} ms; topics are kept in {}", kVersion,
                               config.advertised_listener().scheme, config.advertised(port), steady_ms() - started,
                               config.is_on_kafka() ? "Kafka at " + config.settings.text("bootstrap.servers")
                                                    : config.settings.text("store.path")));
    worker.start(config.advertised(port));
    if (!connectors.empty()) {
        wait_until_ready(worker);
        for (const auto& [name, connector_config] : connectors) put_connector(config, worker, name, connector_config);
    }

    const int signal = wait_for_signal(worker);
    if (const auto refusal = worker.refusal()) throw EnvironmentError(*refusal);
    log::info("worker", format("Signal {}: finishing what is in flight", signal));
    server.stop();
    worker.stop();
    log::info("worker", "Stopped");
    return 0;
}

}  // namespace millrace::cli
