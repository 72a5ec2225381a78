#include "worker/worker_config.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/errors.h"
#include "base/text.h"
#include "topiclog/kafka/kafka_log.h"
#include "topiclog/null_log.h"
#include "topiclog/sqlite/sqlite_log.h"
#include "worker/converters.h"
#include "worker/internal_topics.h"

namespace millrace::worker {
namespace {

using config::Importance;
using config::Property;
using config::Rule;
using config::Support;
using config::Type;
using config::Width;

// clang-format off
constexpr Property kWorkerProperties[] = {
    {.name = "bootstrap.servers", .type = Type::List, .importance = Importance::High, .group = "Kafka", .documentation = "Kafka brokers. Without it topics are kept in the embedded store."},
    {.name = "group.id", .importance = Importance::High, .group = "Kafka", .documentation = "Workers with the same group.id on the same cluster share connectors."},
    {.name = "client.id", .group = "Kafka", .documentation = "Name of this worker's Kafka clients in the brokers' logs."},
    {.name = "kafka.api.timeout.ms", .type = Type::Int, .default_value = "20000", .group = "Kafka", .documentation = "How long a question to the cluster (metadata, creating a topic) may take."},
    {.name = "topic.creation.enable", .type = Type::Boolean, .default_value = "true", .group = "Kafka", .documentation = "Whether connectors may create their topics by topic.creation.* of their own; otherwise it is left to the brokers."},
    {.name = "offset.flush.linger.ms", .type = Type::Long, .default_value = "1000", .group = "Kafka", .documentation = "How long a position may wait to be stored after the records before it are acknowledged; what came since is written again after a crash (unless exactly-once is on)."},
    {.name = "store.path", .default_value = "./millrace-data", .importance = Importance::High, .group = "Store", .documentation = "Directory of the embedded store; 'null:' drops what is written, for measuring."},
    {.name = "store.cleanup.interval.ms", .type = Type::Long, .default_value = "30000", .group = "Store", .documentation = "How often retention and compaction run."},
    {.name = "store.wal.bytes", .type = Type::Long, .default_value = "67108864", .group = "Store", .documentation = "Size at which the write-ahead log is folded into the store."},
    {.name = "listeners", .type = Type::List, .default_value = "http://127.0.0.1:8083", .group = "REST", .documentation = "Addresses of the REST API: http://HOST:PORT, https://HOST:PORT."},
    {.name = "listeners.https.(.+)", .group = "REST", .documentation = "ssl.* of https listeners, where it differs from that of Kafka's clients."},
    {.name = "rest.auth.users.file", .group = "REST", .documentation = "NAME=PASSWORD lines: who may use the REST API (basic authentication)."},
    {.name = "rest.auth.jaas.file", .group = "REST", .documentation = "JAAS file whose entry KafkaConnect names that file; for rest.extension.classes."},
    {.name = "rest.auth.open.paths", .type = Type::List, .group = "REST", .documentation = "Paths that need no user: /health, /metrics."},
    {.name = "rest.request.bytes.max", .type = Type::Long, .default_value = "10485760", .group = "REST", .least = 1024, .documentation = "Size of the largest request."},
    {.name = "rest.request.timeout.ms", .type = Type::Long, .default_value = "30000", .group = "REST", .least = 1, .documentation = "How long a request may stand still half sent."},
    {.name = "rest.advertised.host.name", .group = "REST", .documentation = "Name by which other workers reach this one."},
    {.name = "rest.advertised.port", .type = Type::Int, .group = "REST", .documentation = "Port by which other workers reach this one."},
    {.name = "rest.advertised.listener", .group = "REST", .documentation = "http or https: which listener other workers are told of."},
    {.name = "session.timeout.ms", .type = Type::Int, .default_value = "10000", .group = "Kafka", .documentation = "After how long without a sign of life a worker counts as dead and its connectors go to others."},
    {.name = "heartbeat.interval.ms", .type = Type::Int, .default_value = "3000", .group = "Kafka"},
    {.name = "rebalance.timeout.ms", .type = Type::Int, .default_value = "60000", .group = "Kafka"},
    {.name = "scheduled.rebalance.max.delay.ms", .type = Type::Int, .default_value = "0", .group = "Kafka", .support = Support::NoEffect},
    {.name = "connect.protocol", .default_value = "sessioned", .group = "Kafka", .support = Support::NoEffect},
    {.name = "topic.tracking.enable", .type = Type::Boolean, .default_value = "true", .group = "Common"},
    {.name = "topic.tracking.allow.reset", .type = Type::Boolean, .default_value = "true", .group = "Common"},
    {.name = "rest.extension.classes", .type = Type::List, .group = "REST"},
    {.name = "admin.listeners", .type = Type::List, .group = "REST"},
    {.name = "access.control.allow.origin", .group = "REST"},
    {.name = "access.control.allow.methods", .group = "REST"},
    {.name = "response.http.headers.config", .group = "REST"},
    {.name = "config.providers", .type = Type::List, .group = "Common", .documentation = "Names of providers for values like ${NAME:PATH:KEY}; config.providers.NAME.class says which: FileConfigProvider, DirectoryConfigProvider, EnvVarConfigProvider."},
    {.name = "connector.client.config.override.policy", .default_value = "All", .group = "Common", .documentation = "Which producer.override.* connectors may have: All, None, or Principal (security settings only)."},
    {.name = "plugin.path", .type = Type::List, .group = "Common", .documentation = "Libraries with transforms of your own (include/millrace/plugin.h), or folders of such. Java classes in them are left alone."},
    {.name = "plugin.discovery", .default_value = "hybrid_warn", .group = "Common", .support = Support::NoEffect},
    {.name = "key.converter", .type = Type::Class, .default_value = "org.apache.kafka.connect.json.JsonConverter", .importance = Importance::High, .group = "Common"},
    {.name = "value.converter", .type = Type::Class, .default_value = "org.apache.kafka.connect.json.JsonConverter", .importance = Importance::High, .group = "Common"},
    {.name = "header.converter", .type = Type::Class, .default_value = "org.apache.kafka.connect.storage.SimpleHeaderConverter", .group = "Common"},
    {.name = "config.storage.topic", .default_value = "connect-configs", .importance = Importance::High, .group = "Internal topics"},
    {.name = "offset.storage.topic", .default_value = "connect-offsets", .importance = Importance::High, .group = "Internal topics"},
    {.name = "status.storage.topic", .default_value = "connect-status", .importance = Importance::High, .group = "Internal topics"},
    {.name = "config.storage.replication.factor", .type = Type::Short, .default_value = "3", .group = "Internal topics"},
    {.name = "offset.storage.replication.factor", .type = Type::Short, .default_value = "3", .group = "Internal topics"},
    {.name = "status.storage.replication.factor", .type = Type::Short, .default_value = "3", .group = "Internal topics"},
    {.name = "offset.storage.partitions", .type = Type::Int, .default_value = "25", .group = "Internal topics"},
    {.name = "status.storage.partitions", .type = Type::Int, .default_value = "5", .group = "Internal topics"},
    {.name = "offset.flush.interval.ms", .type = Type::Long, .default_value = "60000", .group = "Common", .documentation = "How long a position without records may wait to be stored; with records it is stored with them."},
    {.name = "offset.flush.timeout.ms", .type = Type::Long, .default_value = "5000", .group = "Common", .support = Support::NoEffect},
    {.name = "task.shutdown.graceful.timeout.ms", .type = Type::Long, .default_value = "5000", .group = "Common"},
    {.name = "exactly.once.source.support", .default_value = "disabled", .group = "Common", .allowed = "disabled, preparing, enabled", .ignores_case = true, .documentation = "enabled: records and positions are written in Kafka transactions. On the embedded store events and offsets always commit together."},
    {.name = "log.level", .default_value = "INFO", .group = "Common", .allowed = "TRACE, DEBUG, INFO, WARN, ERROR", .ignores_case = true},
};

constexpr Property kFrameworkProperties[] = {
    {.name = "name", .importance = Importance::High, .group = "Common", .width = Width::Medium, .display_name = "Connector name", .required = true, .rule = Rule::ConnectorName, .documentation = "Globally unique name of this connector."},
    {.name = "connector.class", .importance = Importance::High, .group = "Common", .width = Width::Long, .display_name = "Connector class", .required = true, .documentation = "Class of this connector."},
    {.name = "connector.plugin.version", .importance = Importance::Medium, .group = "Common", .width = Width::Medium, .display_name = "Connector version", .support = Support::NoEffect},
    {.name = "tasks.max", .type = Type::Int, .default_value = "1", .importance = Importance::High, .group = "Common", .width = Width::Short, .display_name = "Tasks max", .least = 1, .documentation = "Most tasks; this connector always has one."},
    {.name = "tasks.max.enforce", .type = Type::Boolean, .default_value = "true", .group = "Common", .width = Width::Short, .display_name = "Enforce tasks max", .support = Support::NoEffect},
    {.name = "key.converter", .type = Type::Class, .group = "Common", .width = Width::Short, .display_name = "Key converter class"},
    {.name = "key.converter.plugin.version", .group = "Common", .width = Width::Short, .display_name = "Key converter version", .support = Support::NoEffect},
    {.name = "value.converter", .type = Type::Class, .group = "Common", .width = Width::Short, .display_name = "Value converter class"},
    {.name = "value.converter.plugin.version", .group = "Common", .width = Width::Short, .display_name = "Value converter version", .support = Support::NoEffect},
    {.name = "header.converter", .type = Type::Class, .group = "Common", .width = Width::Short, .display_name = "Header converter class"},
    {.name = "header.converter.plugin.version", .group = "Common", .width = Width::Short, .display_name = "Header converter version", .support = Support::NoEffect},
    {.name = "transforms", .type = Type::List, .default_value = "", .group = "Transforms", .width = Width::Long, .display_name = "Transforms", .order = 12, .rule = Rule::Aliases},
    {.name = "predicates", .type = Type::List, .default_value = "", .group = "Predicates", .width = Width::Long, .display_name = "Predicates", .order = 13, .rule = Rule::Aliases},
    {.name = "config.action.reload", .default_value = "restart", .group = "Common", .width = Width::Medium, .display_name = "Reload Action", .order = 14, .support = Support::NoEffect, .allowed = "none, restart"},
    {.name = "errors.retry.timeout", .type = Type::Long, .default_value = "0", .importance = Importance::Medium, .group = "Error Handling", .width = Width::Medium, .display_name = "Retry Timeout for Errors", .support = Support::NoEffect, .documentation = "Nothing here fails in a way that may pass but sending, which goes on for producer.override.delivery.timeout.ms."},
    {.name = "errors.retry.delay.max.ms", .type = Type::Long, .default_value = "60000", .importance = Importance::Medium, .group = "Error Handling", .width = Width::Medium, .display_name = "Maximum Delay Between Retries for Errors", .support = Support::NoEffect},
    {.name = "errors.tolerance", .default_value = "none", .importance = Importance::Medium, .group = "Error Handling", .width = Width::Short, .display_name = "Error Tolerance", .allowed = "none, all", .documentation = "all: a record that Kafka refuses for what it is (too large) is left out, and the log says so; none: the task fails."},
    {.name = "errors.log.enable", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .group = "Error Handling", .width = Width::Short, .display_name = "Log Errors", .support = Support::NoEffect, .documentation = "Records that are left out are always told of in the log."},
    {.name = "errors.log.include.messages", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .group = "Error Handling", .width = Width::Short, .display_name = "Log Error Details", .documentation = "Whether the log shows what was in a record that is left out."},
    {.name = "topic.creation.groups", .type = Type::List, .default_value = "", .group = "Topic Creation", .width = Width::Long, .display_name = "Topic Creation Groups", .rule = Rule::Aliases},
    {.name = "exactly.once.support", .default_value = "requested", .importance = Importance::Medium, .group = "Exactly Once Support", .width = Width::Short, .display_name = "Exactly once support", .order = 2, .allowed = "requested, required", .ignores_case = true},
    {.name = "transaction.boundary", .default_value = "poll", .importance = Importance::Medium, .group = "Exactly Once Support", .width = Width::Short, .display_name = "Transaction Boundary", .order = 3, .allowed = "poll, interval, connector", .ignores_case = true},
    {.name = "transaction.boundary.interval.ms", .type = Type::Long, .group = "Exactly Once Support", .width = Width::Short, .display_name = "Transaction boundary interval", .order = 4, .least = 0},
    {.name = "offsets.storage.topic", .group = "offsets.topic", .width = Width::Long, .display_name = "Offsets topic", .rule = Rule::NonEmpty},
    {.name = "errors.deadletterqueue.topic.name", .group = "Error Handling", .documentation = "With errors.tolerance=all: the topic that takes the records that are left out."},
    {.name = "errors.deadletterqueue.topic.replication.factor", .type = Type::Int, .default_value = "3", .group = "Error Handling", .documentation = "Of that topic, where it is created."},
    {.name = "errors.deadletterqueue.context.headers.enable", .type = Type::Boolean, .default_value = "false", .group = "Error Handling", .documentation = "Whether its records carry __connect.errors.* headers."},
    {.name = "topic.creation.default.partitions", .type = Type::Int, .group = "Topic Creation"},
    {.name = "topic.creation.default.replication.factor", .type = Type::Short, .group = "Topic Creation"},
    {.name = "topic.creation.(.+)", .group = "Topic Creation"},
    {.name = "(producer|consumer|admin)[.]override[.].+", .group = "Common"},
};
// clang-format on

Listener listener_of(const std::string& text, const char* property) {
    const size_t scheme_end = text.find("://");
    Listener listener;
    listener.scheme = lower(text.substr(0, scheme_end));
    if (scheme_end == std::string::npos || (listener.scheme != "http" && listener.scheme != "https"))
        throw ConfigError(property, format("The '{}' value is invalid: '{}' is not of the form http://HOST:PORT or "
                                           "https://HOST:PORT",
                                           property, text));
    const std::string address = text.substr(scheme_end + 3);
    const size_t colon = address.rfind(':');
    const auto port = colon == std::string::npos ? std::nullopt : parse_int(address.substr(colon + 1));
    if (!port || *port < 0 || *port > 65535)
        throw ConfigError(property, format("The '{}' value is invalid: '{}' names no port", property, text));
    listener.host = address.substr(0, colon);
    listener.port = static_cast<int>(*port);
    return listener;
}

void read_listeners(WorkerConfig& config) {
    for (const auto& text : config.settings.list("listeners"))
        config.listeners.push_back(listener_of(text, "listeners"));
    if (config.listeners.empty()) config.listeners.push_back(listener_of("http://127.0.0.1:8083", "listeners"));
    if (config.settings.has("admin.listeners")) {
        config.admin_listeners.emplace();
        for (const auto& text : config.settings.list("admin.listeners"))
            config.admin_listeners->push_back(listener_of(text, "admin.listeners"));
    }
    const std::string wanted = lower(config.settings.text("rest.advertised.listener"));
    if (!wanted.empty() && config.advertised_listener().scheme != wanted)
        throw ConfigError("rest.advertised.listener",
                          format("There is no listener of the kind '{}' in 'listeners' to be advertised", wanted));
}

}  // namespace

const config::PropertyTable& worker_properties() {
    static const config::PropertyTable table({std::begin(kWorkerProperties), std::end(kWorkerProperties)},
                                             config::Words::Kafka);
    return table;
}

const config::PropertyTable& framework_properties() {
    static const config::PropertyTable table({std::begin(kFrameworkProperties), std::end(kFrameworkProperties)},
                                             config::Words::Kafka);
    return table;
}

const Listener& WorkerConfig::advertised_listener() const {
    const std::string wanted = lower(settings.text("rest.advertised.listener"));
    for (const auto& listener : listeners)
        if (listener.scheme == wanted) return listener;
    return listeners[0];
}

net::Tls WorkerConfig::rest_tls() const {
    const std::string own = "listeners.https.";
    const bool has_own = std::any_of(settings.values().begin(), settings.values().end(),
                                     [&](const auto& entry) { return entry.first.starts_with(own + "ssl."); });
    const std::string prefix = has_own ? own : "";
    return net::Tls::from([&](const std::string& name) { return settings.text(prefix + name); }, prefix);
}

std::string WorkerConfig::advertised(int port) const {
    const std::string& listen_host = advertised_listener().host;
    const bool any = listen_host.empty() || listen_host == "0.0.0.0" || listen_host == "*";
    std::string host = settings.text("rest.advertised.host.name");
    if (host.empty()) {
        host = any ? "127.0.0.1" : listen_host;
        std::array<char, 256> name{};
        if (any && is_on_kafka() && ::gethostname(name.data(), name.size() - 1) == 0) host = name.data();
    }
    return format("{}:{}", host, settings.integer("rest.advertised.port", port));
}

WorkerConfig WorkerConfig::from(const config::Settings& given) {
    const auto problems = worker_properties().check(given);
    if (!problems.empty()) throw ConfigError(problems[0].property, problems[0].message);
    WorkerConfig config;
    config.providers = config::ConfigProviders::from(given);
    config.settings = worker_properties().with_defaults(config::Settings(config.providers.resolve(given.values())));
    read_listeners(config);
    if (config.is_on_kafka() && config.settings.text("group.id").empty())
        throw ConfigError("group.id", "Missing required configuration \"group.id\" which has no default value.");
    config.config_topic = config.settings.text("config.storage.topic");
    config.offset_topic = config.settings.text("offset.storage.topic");
    config.status_topic = config.settings.text("status.storage.topic");
    config.offset_flush_interval_ms = config.settings.integer("offset.flush.interval.ms");
    config.shutdown_timeout_ms = config.settings.integer("task.shutdown.graceful.timeout.ms");
    for (const char* side : {"key", "value", "header"})
        make_converter({}, config.settings, std::string(side) + ".converter");
    return config;
}

namespace {

/// What all Kafka clients of the worker share: its own properties that are ones of a client.
std::map<std::string, std::string> common_client_properties(const config::Settings& settings) {
    constexpr std::string_view kShared[] = {"security.protocol",
                                            "client.dns.lookup",
                                            "metadata.max.age.ms",
                                            "connections.max.idle.ms",
                                            "request.timeout.ms",
                                            "retry.backoff.ms",
                                            "retry.backoff.max.ms",
                                            "reconnect.backoff.ms",
                                            "send.buffer.bytes",
                                            "receive.buffer.bytes",
                                            "client.rack",
                                            "reconnect.backoff.max.ms",
                                            "client.id",
                                            "socket.connection.setup.timeout.ms"};
    std::map<std::string, std::string> found;
    for (const auto& [name, value] : settings.values()) {
        const bool shared = std::find(std::begin(kShared), std::end(kShared), name) != std::end(kShared);
        if (shared || name.starts_with("sasl.") || name.starts_with("ssl.")) found[name] = value;
    }
    found["bootstrap.servers"] = join(settings.list("bootstrap.servers"), ",");
    return found;
}

std::unique_ptr<topiclog::TopicLog> open_embedded(const config::Settings& settings) {
    const std::string path = settings.text("store.path");
    if (path == "null:") return std::make_unique<topiclog::NullLog>();
    topiclog::StoreOptions options;
    options.directory = path;
    options.cleanup_interval_ms = settings.integer("store.cleanup.interval.ms");
    options.wal_bytes_max = settings.integer("store.wal.bytes");
    return std::make_unique<topiclog::SqliteLog>(options);
}

std::unique_ptr<topiclog::TopicLog> open_kafka(const config::Settings& settings) {
    topiclog::KafkaOptions options;
    options.common = common_client_properties(settings);
    options.producer = settings.below("producer.").values();
    options.consumer = settings.below("consumer.").values();
    options.admin = settings.below("admin.").values();
    options.group_id = settings.text("group.id");
    options.creates_topics = settings.boolean("topic.creation.enable", true);
    options.timeout_ms = static_cast<int>(settings.integer("kafka.api.timeout.ms"));
    auto log = std::make_unique<topiclog::KafkaLog>(std::move(options));
    try {
        log->cluster_id();
    } catch (const RetriableError& fault) {
        throw EnvironmentError(
            format("Failed to connect to and describe Kafka cluster at {}. Check worker's broker "
                   "connection and security properties. ({})",
                   settings.text("bootstrap.servers"), fault.what()));
    }
    return log;
}

}  // namespace

std::unique_ptr<topiclog::TopicLog> connect_log(const WorkerConfig& config) {
    return config.is_on_kafka() ? open_kafka(config.settings) : open_embedded(config.settings);
}

std::unique_ptr<topiclog::TopicLog> open_log(const WorkerConfig& config) {
    auto log = connect_log(config);
    ensure_internal_topics(*log, config);
    return log;
}

topiclog::WriterOptions writer_options(const WorkerConfig& config, const std::string& connector,
                                       const config::Settings& settings) {
    topiclog::WriterOptions options;
    options.connector = connector;
    options.client = settings.below("producer.override.").values();
    for (const auto& [name, value] : settings.values())
        if (name.starts_with("topic.creation.")) options.topic_creation[name] = value;
    options.is_transactional = config.is_exactly_once();
    if (iequals(settings.text("transaction.boundary"), "interval"))
        options.transaction_interval_ms =
            settings.integer("transaction.boundary.interval.ms", config.offset_flush_interval_ms);
    options.refusal.skips = iequals(settings.text("errors.tolerance"), "all");
    options.refusal.dead_letter_topic = settings.text("errors.deadletterqueue.topic.name");
    options.refusal.dead_letter_replication =
        static_cast<int>(settings.integer("errors.deadletterqueue.topic.replication.factor", 3));
    options.refusal.adds_context = settings.boolean("errors.deadletterqueue.context.headers.enable");
    options.refusal.logs_content = settings.boolean("errors.log.include.messages");
    options.offset_linger_ms =
        std::min(config.offset_flush_interval_ms, config.settings.integer("offset.flush.linger.ms"));
    return options;
}

}  // namespace millrace::worker
