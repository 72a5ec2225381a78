#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "topiclog/topic_log.h"
#include "worker/assignment.h"
#include "worker/state.h"
#include "worker/topic_follower.h"

namespace millrace::worker {

using ConnectorConfig = std::map<std::string, std::string>;

/// What the config topic says, at one moment.
struct ClusterState {
    struct Connector {
        ConnectorConfig config;
        State target = State::Running;  ///< Running, Paused or Stopped.
        int64_t version = 0;            ///< Another one for every change of the configuration.
        int tasks = 0;                  ///< As last committed.
        int fenced_tasks = 0;           ///< As last noted by put_task_count().
    };
    std::map<std::string, Connector> connectors;
    Assignment assignment;
    std::set<std::string> left;  ///< Ids of members that said that they leave.
    int64_t records = 0;         ///< Read so far; "the config offset" in logs.
};

struct RestartRequest {
    std::string connector;
    bool only_failed = false;
    bool include_tasks = false;
};

struct LevelChange {
    std::string logger, level;
};

/// Configurations, target states and requests to all workers, kept in the config topic in Kafka Connect's records
/// (KafkaConfigBackingStore): the one source of what should run. Where the log is shared a thread ("configs") follows
/// the topic; a put returns when this worker has read its own record back. Safe from any thread.
class ConfigStore {
  public:
    /// `changed` is called after each change, on any thread. Reads all that is there.
    ConfigStore(topiclog::TopicLog& log, std::string topic, std::function<void()> changed);

    /// Follows what other workers write.
    void follow();

    ClusterState state() const;
    /// Requests that came since the last call.
    std::vector<RestartRequest> take_restarts();
    std::vector<LevelChange> take_level_changes();

    /// The connector with the configuration of its only task, whose class is `task_class`.
    void put_connector(const std::string& name, const ConnectorConfig& config, const std::string& task_class,
                       std::optional<State> target);
    /// STOPPED takes the task away, another state gives it back.
    void put_target(const std::string& name, State target, const std::string& task_class);
    void remove_connector(const std::string& name);
    void put_assignment(const Assignment& assignment);
    /// Says that this member has stopped its tasks and leaves. The broker may take a session's length to notice.
    void put_leaving(const std::string& member);
    void put_restart(const RestartRequest& request);
    void put_level(const LevelChange& change);
    /// How many tasks may be writing for the connector: noted before a transactional task starts.
    void put_task_count(const std::string& name, int count);

  private:
    using Record = std::pair<std::string, std::optional<std::string>>;
    void put(const std::vector<Record>& records);
    void apply(const topiclog::StoredRecord& record);
    void apply_connector(const std::string& name, const std::optional<Json>& value);
    void add_task(std::vector<Record>& records, const std::string& name, const ConnectorConfig& config,
                  const std::string& task_class) const;

    topiclog::TopicLog& log_;
    const std::string topic_;
    const std::function<void()> changed_;
    mutable std::mutex mutex_;
    std::condition_variable seen_;
    ClusterState state_;
    std::map<std::string, State> targets_;
    std::vector<RestartRequest> restarts_;
    std::vector<LevelChange> levels_;
    std::multiset<std::string> awaited_;  ///< Of our own records, those not read back yet.
    bool is_loaded_ = false;
    bool is_following_ = false;
    TopicFollower follower_;
};

}  // namespace millrace::worker
