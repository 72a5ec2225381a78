#include "topiclog/kafka/client_config.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "net/key_store.h"
#include "topiclog/kafka/jaas.h"

namespace millrace::topiclog::kafka {
namespace {

constexpr const char* kLogger = "kafka";

/// What becomes of a property of the Java clients here.
struct Translation {
    std::string_view java;
    std::string_view native;  ///< Empty: no counterpart, and nothing in the output depends on it.
};

constexpr Translation kTranslations[] = {
    {"bootstrap.servers", "bootstrap.servers"},
    {"client.id", "client.id"},
    {"client.rack", "client.rack"},
    {"client.dns.lookup", "client.dns.lookup"},
    {"security.protocol", "security.protocol"},
    {"sasl.mechanism", "sasl.mechanism"},
    {"sasl.kerberos.service.name", "sasl.kerberos.service.name"},
    {"sasl.kerberos.min.time.before.relogin", "sasl.kerberos.min.time.before.relogin"},
    {"sasl.kerberos.kinit.cmd", ""},
    {"sasl.kerberos.ticket.renew.jitter", ""},
    {"sasl.kerberos.ticket.renew.window.factor", ""},
    {"sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.token.endpoint.url"},
    {"sasl.oauthbearer.client.credentials.client.id", "sasl.oauthbearer.client.credentials.client.id"},
    {"sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.client.credentials.client.secret"},
    {"sasl.oauthbearer.scope", "sasl.oauthbearer.scope"},
    {"sasl.login.callback.handler.class", ""},
    {"sasl.client.callback.handler.class", ""},
    {"sasl.login.class", ""},
    {"ssl.cipher.suites", "ssl.cipher.suites"},
    {"ssl.key.password", "ssl.key.password"},
    {"ssl.endpoint.identification.algorithm", "ssl.endpoint.identification.algorithm"},
    {"ssl.enabled.protocols", ""},
    {"ssl.protocol", ""},
    {"ssl.provider", ""},
    {"ssl.engine.factory.class", ""},
    {"ssl.keymanager.algorithm", ""},
    {"ssl.trustmanager.algorithm", ""},
    {"ssl.secure.random.implementation", ""},
    {"request.timeout.ms", "request.timeout.ms"},
    {"socket.connection.setup.timeout.ms", "socket.connection.setup.timeout.ms"},
    {"socket.connection.setup.timeout.max.ms", ""},
    {"send.buffer.bytes", "socket.send.buffer.bytes"},
    {"receive.buffer.bytes", "socket.receive.buffer.bytes"},
    {"connections.max.idle.ms", "connections.max.idle.ms"},
    {"reconnect.backoff.ms", "reconnect.backoff.ms"},
    {"reconnect.backoff.max.ms", "reconnect.backoff.max.ms"},
    {"retry.backoff.ms", "retry.backoff.ms"},
    {"retry.backoff.max.ms", "retry.backoff.max.ms"},
    {"metadata.max.age.ms", "topic.metadata.refresh.interval.ms"},
    {"metadata.recovery.strategy", "metadata.recovery.strategy"},
    {"metadata.recovery.rebootstrap.trigger.ms", "metadata.recovery.rebootstrap.trigger.ms"},
    {"metadata.max.idle.ms", ""},
    {"enable.metrics.push", "enable.metrics.push"},
    {"default.api.timeout.ms", ""},
    {"metric.reporters", ""},
    {"metrics.num.samples", ""},
    {"metrics.recording.level", ""},
    {"metrics.sample.window.ms", ""},
    {"auto.include.jmx.reporter", ""},
    {"security.providers", ""},
    {"interceptor.classes", ""},
};

constexpr Translation kProducerTranslations[] = {
    {"acks", "acks"},
    {"enable.idempotence", "enable.idempotence"},
    {"compression.type", "compression.type"},
    {"compression.gzip.level", "compression.level"},
    {"compression.lz4.level", "compression.level"},
    {"compression.zstd.level", "compression.level"},
    {"batch.size", "batch.size"},
    {"linger.ms", "linger.ms"},
    {"max.request.size", "message.max.bytes"},
    {"max.in.flight.requests.per.connection", "max.in.flight.requests.per.connection"},
    {"delivery.timeout.ms", "delivery.timeout.ms"},
    {"retries", "retries"},
    {"transaction.timeout.ms", "transaction.timeout.ms"},
    {"max.block.ms", ""},
    {"key.serializer", ""},
    {"value.serializer", ""},
    {"partitioner.adaptive.partitioning.enable", ""},
    {"partitioner.availability.timeout.ms", ""},
    {"partitioner.ignore.keys", ""},
    {"partitioner.class", ""},
};

constexpr Translation kConsumerTranslations[] = {
    {"fetch.min.bytes", "fetch.min.bytes"},
    {"fetch.max.bytes", "fetch.max.bytes"},
    {"fetch.max.wait.ms", "fetch.wait.max.ms"},
    {"max.partition.fetch.bytes", "max.partition.fetch.bytes"},
    {"check.crcs", "check.crcs"},
    {"max.poll.records", ""},
    {"key.deserializer", ""},
    {"value.deserializer", ""},
    {"auto.offset.reset", ""},
    {"enable.auto.commit", ""},
    {"isolation.level", ""},
};

/// Taken apart elsewhere in this file.
constexpr std::string_view kHandled[] = {
    "sasl.jaas.config",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
    "ssl.truststore.certificates",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.keystore.key",
    "ssl.keystore.certificate.chain",
    "buffer.memory",
};

template <size_t N>
const Translation* find(const Translation (&table)[N], std::string_view name) {
    const auto found = std::find_if(std::begin(table), std::end(table), [&](const auto& t) { return t.java == name; });
    return found == std::end(table) ? nullptr : found;
}

const Translation* translation(std::string_view name, Role role) {
    if (const auto* found = find(kTranslations, name)) return found;
    if (role == Role::Producer) return find(kProducerTranslations, name);
    return role == Role::Consumer ? find(kConsumerTranslations, name) : nullptr;
}

void warn_once(const std::string& name, const std::string& text) {
    static std::mutex mutex;
    static std::set<std::string> warned;
    const std::lock_guard lock(mutex);
    if (warned.insert(name).second) log::warn(kLogger, text);
}

bool is_secret(std::string_view name) {
    return name.find("password") != std::string_view::npos || name.find("secret") != std::string_view::npos ||
           name.find("key") != std::string_view::npos || name.find("jaas") != std::string_view::npos;
}

std::string native_value(std::string_view java, const std::string& value) {
    if (java == "acks" && iequals(value, "all")) return "-1";
    if (java == "security.protocol") return lower(value);
    if (java == "ssl.endpoint.identification.algorithm") return value.empty() ? "none" : lower(value);
    if (java == "client.dns.lookup" && value == "default") return "use_all_dns_ips";
    if (java == "connections.max.idle.ms" && value.starts_with("-")) return "0";
    constexpr std::string_view kJavaMax = "9223372036854775807";
    if (value == kJavaMax) return "2147483647";
    return value;
}

/// Every client of the process says it when a broker is away; one line in a while is enough.
bool is_repeated_failure(std::string_view facility) {
    constexpr int64_t kQuietMs = 10'000;
    static std::atomic<int64_t> last_ms = -kQuietMs;
    if (facility != "FAIL") return false;
    const int64_t now = steady_ms();
    int64_t last = last_ms;
    return now - last < kQuietMs || !last_ms.compare_exchange_strong(last, now);
}

void log_line(const rd_kafka_t*, int level, const char* facility, const char* text) {
    constexpr int kWarning = 4, kNotice = 5;
    if (is_repeated_failure(facility)) {
        log::debug(kLogger, text);
        return;
    }
    const std::string line = format("[{}] {}", facility, text);
    if (level < kWarning)
        log::warn(kLogger, line);
    else if (level <= kNotice)
        log::info(kLogger, line);
    else
        log::debug(kLogger, line);
}

void set_stores(rd_kafka_conf_t* conf, const JavaProperties& properties, const std::string& prefix) {
    const auto text = [&](const char* name) {
        const auto found = properties.find(name);
        return found == properties.end() ? std::string() : std::string(trimmed(found->second));
    };
    if (const auto pem = text("ssl.truststore.certificates"); !pem.empty())
        set(conf, "ssl.ca.pem", pem, prefix + "ssl.truststore.certificates");
    if (const auto path = text("ssl.truststore.location"); !path.empty()) {
        if (net::store_type(text("ssl.truststore.type"), path) == "PEM")
            set(conf, "ssl.ca.location", path, prefix + "ssl.truststore.location");
        else
            set(conf, "ssl.ca.pem",
                net::truststore_pem(path, text("ssl.truststore.password"), prefix + "ssl.truststore."),
                prefix + "ssl.truststore.location");
    }
    if (const auto pem = text("ssl.keystore.key"); !pem.empty())
        set(conf, "ssl.key.pem", pem, prefix + "ssl.keystore.key");
    if (const auto pem = text("ssl.keystore.certificate.chain"); !pem.empty())
        set(conf, "ssl.certificate.pem", pem, prefix + "ssl.keystore.certificate.chain");
    if (const auto path = text("ssl.keystore.location"); !path.empty()) {
        const std::string type = net::store_type(text("ssl.keystore.type"), path);
        if (type == "PEM") {
            set(conf, "ssl.certificate.location", path, prefix + "ssl.keystore.location");
            set(conf, "ssl.key.location", path, prefix + "ssl.keystore.location");
        } else {
            const auto pair = net::keystore_pem(path, text("ssl.keystore.password"), text("ssl.key.password"),
                                                prefix + "ssl.keystore.");
            set(conf, "ssl.key.pem", pair.key, prefix + "ssl.keystore.location");
            set(conf, "ssl.certificate.pem", pair.certificates, prefix + "ssl.keystore.location");
        }
    }
}

void set_sasl(rd_kafka_conf_t* conf, const JavaProperties& properties, const std::string& prefix) {
    const auto mechanism = properties.find("sasl.mechanism");
    const std::string name_of_mechanism = mechanism == properties.end() ? "GSSAPI" : mechanism->second;
    if (iequals(name_of_mechanism, "OAUTHBEARER")) {
        rd_kafka_conf_enable_sasl_queue(conf, 1);  // make_client() has tokens refreshed without anybody polling
        if (properties.contains("sasl.oauthbearer.token.endpoint.url"))
            set(conf, "sasl.oauthbearer.method", "oidc", prefix + "sasl.oauthbearer.token.endpoint.url");
    }
    const auto found = properties.find("sasl.jaas.config");
    if (found == properties.end()) return;
    for (const auto& [name, value] : jaas_properties(found->second, name_of_mechanism, prefix + "sasl.jaas.config"))
        set(conf, name, value, prefix + "sasl.jaas.config");
}

}  // namespace

void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value, const std::string& shown_name) {
    std::array<char, 512> reason{};
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) == RD_KAFKA_CONF_OK) return;
    throw ConfigError(shown_name, format("Invalid value {} for configuration {}: {}",
                                         is_secret(shown_name) ? "[hidden]" : value, shown_name, reason.data()));
}

ConfHandle client_conf(const JavaProperties& properties, Role role, const std::string& prefix) {
    ConfHandle conf(rd_kafka_conf_new());
    rd_kafka_conf_set_log_cb(conf.get(), log_line);
    set(conf.get(), "enable.metrics.push", "false", "enable.metrics.push");
    for (const auto& [name, value] : properties) {
        if (std::find(std::begin(kHandled), std::end(kHandled), name) != std::end(kHandled)) continue;
        const Translation* known = translation(name, role);
        const std::string text(trimmed(value));
        if (known != nullptr && !known->native.empty()) {
            if (text.empty() && name != "ssl.endpoint.identification.algorithm") continue;
            set(conf.get(), std::string(known->native), native_value(name, text), prefix + name);
            continue;
        }
        if (known == nullptr) {
            // A name of librdkafka's own is taken as it is.
            std::array<char, 512> reason{};
            if (rd_kafka_conf_set(conf.get(), name.c_str(), text.c_str(), reason.data(), reason.size()) ==
                RD_KAFKA_CONF_OK)
                continue;
        }
        warn_once(prefix + name,
                  format("The Kafka client property '{}{}' has no counterpart here and is ignored", prefix, name));
    }
    if (role == Role::Producer)
        if (const auto memory = properties.find("buffer.memory"); memory != properties.end())
            if (const auto bytes = parse_int(memory->second); bytes && *bytes >= 1024)
                set(conf.get(), "queue.buffering.max.kbytes", std::to_string(*bytes / 1024), prefix + "buffer.memory");
    set_stores(conf.get(), properties, prefix);
    set_sasl(conf.get(), properties, prefix);
    return conf;
}

}  // namespace millrace::topiclog::kafka
