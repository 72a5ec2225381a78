#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "topiclog/kafka/admin.h"
#include "topiclog/membership.h"

namespace millrace::topiclog::kafka {

/// Membership by Kafka's consumer group protocol: all workers subscribe to a topic of one partition, the broker's
/// coordinator gives it to one of them, and the members' client ids say where they are reached. A thread ("group")
/// serves the consumer.
///
/// may_work() is what the client's statistics prove: a request to the coordinator that was sent at a certain time was
/// answered, so the session lives at least session_timeout_ms from then on. A process that was frozen sees its own
/// clock first and knows that the proof is old.
class KafkaMembership final : public Membership {
  public:
    /// `conf` is a consumer's, `admin` outlives this.
    KafkaMembership(Admin& admin, ConfHandle conf, MembershipOptions options);
    ~KafkaMembership() override;

    bool is_shared() const override { return true; }
    std::string member_id() override;
    bool is_leader() override { return owns_partition_ && may_work(); }
    bool may_work() override;
    std::optional<std::vector<Member>> members() override;
    std::optional<std::string> refusal() override;
    void leave() override;

  private:
    void run(const std::stop_token& stop);
    void rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions);
    void note_statistics(const std::string& json);
    void note_error(rd_kafka_resp_err_t error, const char* reason);

    Admin& admin_;
    const MembershipOptions options_;
    std::atomic<bool> owns_partition_ = false;
    std::atomic<int64_t> alive_since_ms_ =
        0;  ///< When the last request that the coordinator answered was sent, or later.
    std::mutex mutex_;
    std::optional<std::string> refusal_;
    // Of the thread that serves the client.
    int64_t quiet_ms_ = 0;  ///< The last sample with no request to the coordinator under way.
    int64_t answers_ = 0;
    int64_t first_refused_ms_ = 0;
    ClientHandle client_;
    std::jthread thread_;
};

}  // namespace millrace::topiclog::kafka
