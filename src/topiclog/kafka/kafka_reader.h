#pragma once

#include <map>
#include <vector>

#include "topiclog/kafka/admin.h"
#include "topiclog/topic_log.h"

namespace millrace::topiclog::kafka {

/// Reads a topic's partitions, committed records only, without a consumer group.
class KafkaReader final : public TopicReader {
  public:
    /// `conf` is a consumer's. `admin` outlives the reader.
    KafkaReader(Admin& admin, ConfHandle conf, std::string topic, std::map<int32_t, int64_t> from);
    ~KafkaReader() override;

    size_t poll(const Visit& visit, int64_t timeout_ms) override;
    void read_to_end(const Visit& visit) override;

  private:
    struct Partition {
        int64_t next = 0;  ///< The offset of the record to come.
        bool is_started = false;
    };
    /// Learns of the topic's partitions; false as long as there is no such topic.
    bool find_partitions();
    void start(size_t partition);
    /// How many offsets are between what was read and these.
    int64_t missing_before(const std::vector<int64_t>& ends) const;
    size_t consume(const Visit& visit, int timeout_ms);
    size_t take(rd_kafka_message_t& message, const Visit& visit);

    Admin& admin_;
    const std::string name_;
    const std::map<int32_t, int64_t> from_;
    ClientHandle client_;
    QueueHandle queue_;
    TopicHandle topic_;
    std::vector<Partition> partitions_;
};

}  // namespace millrace::topiclog::kafka
