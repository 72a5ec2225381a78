#include "topiclog/kafka/kafka_log.h"

#include <algorithm>
#include <array>
#include <condition_variable>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "topiclog/kafka/admin.h"
#include "topiclog/kafka/batch_limits.h"
#include "topiclog/kafka/client_config.h"
#include "topiclog/kafka/kafka_membership.h"
#include "topiclog/kafka/kafka_reader.h"
#include "topiclog/kafka/kafka_writer.h"
#include "topiclog/kafka/transactional_writer.h"

namespace millrace::topiclog {
namespace {

using kafka::JavaProperties;
using kafka::Role;

constexpr const char* kForEver = "9223372036854775807";
constexpr const char* kEndlessMs = "2147483647";

JavaProperties merged(JavaProperties base, const JavaProperties& more) {
    for (const auto& [name, value] : more) base[name] = value;
    return base;
}

/// As Kafka Connect sets up its producers: every replica in sync, no end of trying; and idempotent, which it is not.
JavaProperties producer_defaults() {
    return {{"acks", "all"},
            {"enable.idempotence", "true"},
            {"delivery.timeout.ms", kEndlessMs},
            {"compression.type", "lz4"},
            {"linger.ms", "0"},
            {"buffer.memory", "33554432"},
            {"batch.size", "1000000"}};
}

/// How a client's properties are called in messages.
std::string shown_prefix(const JavaProperties& own, const char* prefix) {
    return own.empty() ? std::string() : std::string(prefix);
}

kafka::ConfHandle producer_conf(const KafkaOptions& options, const JavaProperties& own, const std::string& prefix) {
    auto conf = kafka::client_conf(merged(merged(producer_defaults(), options.common), own), Role::Producer, prefix);
    // Keys must stay in the partitions that Java's producer gives them.
    kafka::set(conf.get(), "partitioner", "murmur2_random", "partitioner");
    kafka::set(conf.get(), "queue.buffering.max.messages", "1000000", "queue.buffering.max.messages");
    return conf;
}

/// As suits reading a topic from its beginning: in large pieces, and a reader that is full is filled again soon.
JavaProperties consumer_defaults() {
    return {{"fetch.max.wait.ms", "100"}, {"max.partition.fetch.bytes", "8388608"}};
}

kafka::ConfHandle reader_conf(const KafkaOptions& options) {
    auto conf = kafka::client_conf(merged(merged(consumer_defaults(), options.common), options.consumer),
                                   Role::Consumer, shown_prefix(options.consumer, "consumer."));
    for (const auto& [name, value] :
         std::initializer_list<std::pair<const char*, const char*>>{{"isolation.level", "read_committed"},
                                                                    {"enable.partition.eof", "true"},
                                                                    {"auto.offset.reset", "earliest"},
                                                                    {"fetch.queue.backoff.ms", "10"},
                                                                    {"queued.max.messages.kbytes", "16384"},
                                                                    {"allow.auto.create.topics", "false"}})
        kafka::set(conf.get(), name, value, name);
    return conf;
}

}  // namespace

/// The producer behind append(): few records, each waited for.
struct KafkaLog::Appender {
    struct Wait {
        size_t records = 0;
        bool is_given_up = false;  ///< Nobody waits any more: the last report frees it.
        rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
        std::string topic;
    };
    std::mutex mutex;
    std::condition_variable changed;
    const int timeout_ms;
    std::unique_ptr<kafka::Producer> producer;

    Appender(kafka::ConfHandle conf, int append_timeout_ms) : timeout_ms(append_timeout_ms) {
        kafka::Producer::Options options;
        options.name = "internal";
        options.delivered = [this](const rd_kafka_message_t& message, void* ticket) {
            auto* wait = static_cast<Wait*>(ticket);
            const std::lock_guard lock(mutex);
            --wait->records;
            if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
                wait->error = message.err;
                wait->topic = rd_kafka_topic_name(message.rkt);
            }
            if (wait->records == 0 && wait->is_given_up) {
                delete wait;
                return;
            }
            changed.notify_all();
        };
        producer = std::make_unique<kafka::Producer>(std::move(conf), std::move(options));
    }
    ~Appender() { producer.reset(); }

    void append(const AppendBatch& batch) {
        auto wait = std::make_unique<Wait>();
        wait->records = batch.entries().size();
        producer->produce(batch, wait.get());
        std::unique_lock lock(mutex);
        if (!changed.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return wait->records == 0; })) {
            wait->is_given_up = true;
            static_cast<void>(wait.release());
            throw RetriableError(format("Kafka did not acknowledge records for topic {} within {} s", batch.topic(0),
                                        timeout_ms / 1000));
        }
        if (wait->error != RD_KAFKA_RESP_ERR_NO_ERROR) kafka::throw_delivery_fault(wait->error, wait->topic, "");
    }
};

KafkaLog::KafkaLog(KafkaOptions options)
    : options_(std::move(options)),
      admin_(std::make_unique<kafka::Admin>(kafka::client_conf(merged(options_.common, options_.admin), Role::Admin,
                                                               shown_prefix(options_.admin, "admin.")),
                                            options_.timeout_ms)),
      topic_creation_(std::make_unique<kafka::TopicCreation>(*admin_, options_.creates_topics)),
      batch_limits_(std::make_unique<kafka::BatchLimits>(*admin_)) {}

KafkaLog::~KafkaLog() = default;

std::string KafkaLog::cluster_id() {
    const std::lock_guard lock(mutex_);
    if (cluster_id_.empty()) cluster_id_ = admin_->cluster_id();
    return cluster_id_;
}

void KafkaLog::ensure_topic(const std::string& name, const TopicConfig& config) {
    if (admin_->topic(name)) return;
    kafka::Admin::NewTopicSpec spec{name, config.partitions, config.replication_factor, config.settings};
    if (config.compact) {
        spec.settings["cleanup.policy"] = "compact";
    } else {
        spec.settings.try_emplace("cleanup.policy", "delete");
        spec.settings.try_emplace("retention.ms",
                                  config.retention_ms < 0 ? kForEver : std::to_string(config.retention_ms));
        spec.settings.try_emplace("retention.bytes", std::to_string(config.retention_bytes));
    }
    if (const auto refusal = admin_->create(spec))
        throw RetriableError(format("The topic {} cannot be created: {}", name, *refusal),
                             RetriableError::Shown::Failed);
    if (const auto refusal = admin_->refusal_of(name))
        throw RetriableError(format("The topic {} was created but cannot be used: {}", name, *refusal));
    log::info("kafka", format("Created topic {} with {} partition(s)", name, config.partitions));
}

TopicInfo KafkaLog::info_of(const std::string& name, int32_t partitions, int32_t replication_factor,
                            bool with_settings) {
    TopicInfo info;
    info.name = name;
    info.config.partitions = partitions;
    info.config.replication_factor = replication_factor;
    info.first_offsets = admin_->begin_offsets(name, partitions);
    info.next_offsets = admin_->end_offsets(name, partitions);
    for (size_t partition = 0; partition < info.next_offsets.size(); ++partition)
        info.records += info.next_offsets[partition] - info.first_offsets[partition];
    if (!with_settings) return info;
    auto settings = admin_->settings(name);
    info.cleanup_policy = settings["cleanup.policy"];
    info.config.compact = info.cleanup_policy.find("compact") != std::string::npos;
    info.config.retention_ms = parse_int(settings["retention.ms"]).value_or(-1);
    info.config.retention_bytes = parse_int(settings["retention.bytes"]).value_or(-1);
    return info;
}

std::vector<TopicInfo> KafkaLog::topics() {
    std::vector<TopicInfo> all;
    for (const auto& topic : admin_->topics())
        all.push_back(info_of(topic.name, topic.partitions, topic.replication_factor, false));
    return all;
}

std::optional<TopicInfo> KafkaLog::topic(const std::string& name) {
    const auto found = admin_->topic(name);
    if (!found) return std::nullopt;
    return info_of(name, found->partitions, found->replication_factor, true);
}

void KafkaLog::alter_topic(const std::string& name, const std::map<std::string, std::string>& settings) {
    admin_->alter(name, settings);
}

bool KafkaLog::remove_topic(const std::string& name) {
    topic_creation_->forget();
    return admin_->remove(name);
}

KafkaLog::Appender& KafkaLog::appender() {
    const std::lock_guard lock(mutex_);
    if (!appender_)
        appender_ = std::make_unique<Appender>(producer_conf(options_, {{"compression.type", "none"}}, ""),
                                               options_.timeout_ms);
    return *appender_;
}

void KafkaLog::append(const AppendBatch& batch) {
    appender().append(batch);
}

std::unique_ptr<TopicReader> KafkaLog::open_reader(const std::string& topic, const std::map<int32_t, int64_t>& from) {
    return std::make_unique<kafka::KafkaReader>(*admin_, reader_conf(options_), topic, from);
}

std::unique_ptr<Membership> KafkaLog::join(MembershipOptions options) {
    auto conf = kafka::client_conf(options_.common, Role::Consumer, "");
    return std::make_unique<kafka::KafkaMembership>(*admin_, std::move(conf), std::move(options));
}

std::unique_ptr<RecordWriter> KafkaLog::open_writer(WriterOptions options) {
    JavaProperties own = merged({{"client.id", format("connector-producer-{}-{}", options.connector, options.task)}},
                                merged(options_.producer, options.client));
    if (options.is_transactional) own["enable.idempotence"] = "true";
    auto conf = producer_conf(options_, own, "producer.");
    kafka::WriterContext context{*topic_creation_, *batch_limits_, bound_batches(conf.get(), options.connector)};
    topic_creation_->forget();
    if (options.refusal.skips && !options.refusal.dead_letter_topic.empty())
        topic_creation_->ensure(
            {options.refusal.dead_letter_topic},
            {{"topic.creation.default.partitions", "1"},
             {"topic.creation.default.replication.factor", std::to_string(options.refusal.dead_letter_replication)}});
    if (!options.is_transactional)
        return std::make_unique<kafka::KafkaWriter>(std::move(conf), std::move(options), context);
    kafka::set(conf.get(), "transactional.id", format("{}-{}-{}", options_.group_id, options.connector, options.task),
               "transactional.id");
    // Delivery is bounded by the transaction here.
    kafka::set(conf.get(), "delivery.timeout.ms", std::to_string(options_.timeout_ms), "delivery.timeout.ms");
    kafka::set(conf.get(), "delivery.report.only.error", "true", "delivery.report.only.error");
    return std::make_unique<kafka::TransactionalWriter>(std::move(conf), std::move(options), context);
}

/// The bound of the writer's batches in bytes: the client's own, or less where topics were found to take less.
int64_t KafkaLog::bound_batches(rd_kafka_conf_s* conf, const std::string& connector) const {
    std::array<char, 32> text{};
    size_t size = text.size();
    rd_kafka_conf_get(conf, "batch.size", text.data(), &size);
    const int64_t configured = parse_int(text.data()).value_or(0);
    const int64_t limit = batch_limits_->of(connector);
    if (limit == 0 || limit >= configured) return configured;
    kafka::set(conf, "batch.size", std::to_string(limit), "batch.size");
    return limit;
}

}  // namespace millrace::topiclog
