#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/json_fwd.h"
#include "topiclog/topic_log.h"
#include "worker/state.h"
#include "worker/topic_follower.h"

namespace millrace::worker {

/// What a worker says of a connector or task that it has.
struct Status {
    State state = State::Unassigned;
    std::string trace;
    std::string worker_id;
    int64_t generation = 0;
    std::string version;
};

/// States and the topics in use, kept in the status topic in Kafka Connect's records (KafkaStatusBackingStore). Where
/// the log is shared a thread ("statuses") follows what other workers write. What this worker writes counts here at
/// once, and is told to the log as it can be. Safe from any thread.
class StatusStore {
  public:
    /// `changed` is called when another worker's status came.
    StatusStore(topiclog::TopicLog& log, std::string topic, std::function<void()> changed);

    /// Writes what is left, if that goes quickly.
    ~StatusStore();

    void follow(std::string own_worker_id);

    std::optional<Status> connector(const std::string& name) const;
    std::optional<Status> task(const std::string& name, int task) const;
    std::set<std::string> topics(const std::string& connector) const;
    /// All connectors that have a status.
    std::set<std::string> connectors() const;

    void put_connector(const std::string& name, const Status& status);
    void put_task(const std::string& name, int task, const Status& status);
    /// Shows statuses on this worker alone, before any others: of a worker that may have lost its connectors, and must
    /// not write over what their new owners say.
    void show_connector(const std::string& name, const Status& status);
    void show_task(const std::string& name, int task, const Status& status);
    /// Shows what the topic says again.
    void show_all();
    /// Takes a task's status away.
    void remove_task(const std::string& name, int task);
    /// All of a connector: its own, its tasks' and its topics.
    void remove(const std::string& name);
    /// Notes that a connector writes to a topic, once.
    void add_topic(const std::string& connector, const std::string& topic);
    void reset_topics(const std::string& connector);

  private:
    std::optional<Status> find(const std::string& key) const;
    void apply(const topiclog::StoredRecord& record);
    void apply_topic(const std::string& key, const std::optional<Json>& value);
    using Record = std::pair<std::string, std::optional<std::string>>;
    void put(const std::string& key, const std::optional<std::string>& value);
    void write(const std::stop_token& stop);

    topiclog::TopicLog& log_;
    const std::string topic_;
    const std::function<void()> changed_;
    std::string own_worker_id_;
    mutable std::mutex mutex_;
    std::map<std::string, Status> statuses_;  ///< By record key.
    std::map<std::string, Status> shown_;     ///< Before them, on this worker alone.
    std::map<std::string, std::set<std::string>> topics_;
    std::deque<Record> to_write_;  ///< Guarded by mutex_, as what is above: the order of both is one.
    std::condition_variable_any written_;
    std::jthread writer_;
    TopicFollower follower_;
};

}  // namespace millrace::worker
