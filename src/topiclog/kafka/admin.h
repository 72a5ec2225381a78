#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "topiclog/kafka/handles.h"

namespace millrace::topiclog::kafka {

/// What is asked of a cluster beside producing and consuming. Calls block until the cluster has answered, at most
/// `timeout_ms`; they throw RetriableError when it does not answer. Safe from any thread.
class Admin {
  public:
    /// The timeout is long enough for a cluster that elects leaders.
    Admin(ConfHandle conf, int timeout_ms);

    struct Topic {
        std::string name;
        int32_t partitions = 0;
        int32_t replication_factor = 0;
    };
    struct NewTopicSpec {
        std::string name;
        int32_t partitions = -1;          ///< -1: the broker's default.
        int32_t replication_factor = -1;  ///< -1: the broker's default.
        std::map<std::string, std::string> settings;
    };

    std::string cluster_id();
    std::vector<Topic> topics();
    std::optional<Topic> topic(const std::string& name);
    /// Asks for the topic in a way that lets the broker create it (auto.create.topics.enable). What it answers if the
    /// topic cannot be had.
    std::optional<std::string> refusal_of(const std::string& name);
    /// What the broker answers if it refuses; an existing topic is no refusal. `only_check` creates nothing.
    std::optional<std::string> create(const NewTopicSpec& spec, bool only_check = false);
    /// False if there is none.
    bool remove(const std::string& name);
    /// A topic's settings with their values, defaults too.
    std::map<std::string, std::string> settings(const std::string& topic);
    /// Of some broker; nothing if it is not told.
    std::optional<std::string> broker_setting(const std::string& name);
    void alter(const std::string& topic, const std::map<std::string, std::string>& settings);
    /// Per partition the offset of the record to come, transactions under way included.
    std::vector<int64_t> end_offsets(const std::string& topic, int32_t partitions);
    std::vector<int64_t> begin_offsets(const std::string& topic, int32_t partitions);

    struct Member {
        std::string id, client_id;
    };
    /// The members of a consumer group whose sessions have not ended.
    std::vector<Member> group(const std::string& id);

    rd_kafka_t* client() { return client_.get(); }

  private:
    AdminOptions options(rd_kafka_admin_op_t operation, int timeout_ms) const;
    EventHandle wait(rd_kafka_queue_t* queue, const char* what) const;
    std::map<std::string, std::string> describe(rd_kafka_ResourceType_t kind, const std::string& name);
    std::vector<int64_t> offsets(const std::string& topic, int32_t partitions, int64_t spec);

    ClientHandle client_;
    const int timeout_ms_;
};

/// A client made from `conf`, which it takes over. Throws ConfigError.
ClientHandle make_client(rd_kafka_type_t type, ConfHandle conf);

}  // namespace millrace::topiclog::kafka
