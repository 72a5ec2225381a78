#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "config/config_providers.h"
#include "config/property_table.h"
#include "config/settings.h"
#include "convert/json_converter.h"
#include "net/tls.h"
#include "topiclog/topic_log.h"

namespace millrace::worker {

/// What `GET /` reports: the version of Kafka Connect whose API this is.
constexpr const char* kConnectVersion = "4.1.0";

/// The properties of a Kafka Connect distributed worker, and Millrace's own (store.*).
const config::PropertyTable& worker_properties();

/// The properties that Kafka Connect itself gives every connector.
const config::PropertyTable& framework_properties();

/// An address of the REST API: SCHEME://HOST:PORT.
struct Listener {
    std::string scheme;  ///< "http" or "https"
    std::string host;    ///< Empty: every address of the machine.
    int port = 0;        ///< 0: a free one.
};

struct WorkerConfig {
    config::Settings settings;  ///< With defaults, references resolved.
    config::ConfigProviders providers;
    std::vector<Listener> listeners;                       ///< At least one.
    std::optional<std::vector<Listener>> admin_listeners;  ///< Where /admin is; nothing: at all of them.
    std::string config_topic, offset_topic, status_topic;
    int64_t offset_flush_interval_ms = 60'000;
    int64_t shutdown_timeout_ms = 5'000;

    /// The listener that other workers are told of: the first one of rest.advertised.listener's scheme.
    const Listener& advertised_listener() const;
    /// What https listeners, and clients of other workers' ones, show and trust: `listeners.https.ssl.*`, or `ssl.*`
    /// where none of those is set. Throws ConfigError.
    net::Tls rest_tls() const;

    /// HOST:PORT by which other workers reach this one that listens on `port`.
    std::string advertised(int port) const;

    bool is_on_kafka() const { return !settings.list("bootstrap.servers").empty(); }
    /// Whether tasks write in Kafka transactions.
    bool is_exactly_once() const {
        return is_on_kafka() && iequals(settings.text("exactly.once.source.support"), "enabled");
    }

    /// Throws ConfigError.
    static WorkerConfig from(const config::Settings& given);
};

/// Opens the log that the settings name. Throws EnvironmentError if another process owns it, or if Kafka cannot be
/// reached; ConfigError if its internal topics cannot serve.
std::unique_ptr<topiclog::TopicLog> open_log(const WorkerConfig& config);

/// The same, but looks at no topic.
std::unique_ptr<topiclog::TopicLog> connect_log(const WorkerConfig& config);

/// How the connector's task writes.
topiclog::WriterOptions writer_options(const WorkerConfig& config, const std::string& connector,
                                       const config::Settings& settings);

}  // namespace millrace::worker
