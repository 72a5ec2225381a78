#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "topiclog/topic_log.h"

struct rd_kafka_conf_s;

namespace millrace::topiclog {

namespace kafka {
class Admin;
class BatchLimits;
class TopicCreation;
}  // namespace kafka

/// How a worker's properties reach its Kafka clients.
struct KafkaOptions {
    using JavaProperties = std::map<std::string, std::string>;
    JavaProperties common;       ///< bootstrap.servers, security.*, sasl.*, ssl.* …; what all clients share.
    JavaProperties producer;     ///< `producer.*`, without the prefix; for the tasks' producers.
    JavaProperties consumer;     ///< `consumer.*`
    JavaProperties admin;        ///< `admin.*`
    std::string group_id;        ///< Names transactions: <group.id>-<connector>-<task>.
    bool creates_topics = true;  ///< topic.creation.enable
    int timeout_ms = 60'000;     ///< `kafka.api.timeout.ms`: how long one question to the cluster may take.
};

/// The TopicLog on a Kafka cluster. append() returns when all replicas in sync have the records; a batch is not atomic
/// there, its records are durable in order per partition. The writers of tasks are KafkaWriter and TransactionalWriter.
class KafkaLog final : public TopicLog {
  public:
    /// Throws ConfigError for client properties that cannot be used. Does not wait for the cluster.
    explicit KafkaLog(KafkaOptions options);
    ~KafkaLog() override;

    std::string cluster_id() override;
    void ensure_topic(const std::string& name, const TopicConfig& config) override;
    std::vector<TopicInfo> topics() override;
    std::optional<TopicInfo> topic(const std::string& name) override;
    void alter_topic(const std::string& name, const std::map<std::string, std::string>& settings) override;
    bool remove_topic(const std::string& name) override;
    void append(const AppendBatch& batch) override;
    std::unique_ptr<TopicReader> open_reader(const std::string& topic,
                                             const std::map<int32_t, int64_t>& from = {}) override;
    std::unique_ptr<RecordWriter> open_writer(WriterOptions options) override;
    std::unique_ptr<Membership> join(MembershipOptions options) override;

  private:
    struct Appender;
    TopicInfo info_of(const std::string& name, int32_t partitions, int32_t replication_factor, bool with_settings);
    Appender& appender();
    int64_t bound_batches(rd_kafka_conf_s* conf, const std::string& connector) const;

    const KafkaOptions options_;
    const std::unique_ptr<kafka::Admin> admin_;
    const std::unique_ptr<kafka::TopicCreation> topic_creation_;
    const std::unique_ptr<kafka::BatchLimits> batch_limits_;
    std::mutex mutex_;
    std::string cluster_id_;
    std::unique_ptr<Appender> appender_;
};

}  // namespace millrace::topiclog
