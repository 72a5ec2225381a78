#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "topiclog/membership.h"
#include "worker/config_store.h"
#include "worker/connector_types.h"
#include "worker/status_store.h"
#include "worker/task.h"
#include "worker/worker_config.h"

namespace millrace::worker {

/// Makes what runs here what should run here: a thread ("herder") that looks at the config store, at the assignment and
/// at this worker's place in the group, and starts and stops tasks accordingly. As the leader it also gives connectors
/// to members. Where the log is not shared, all connectors are its own.
class Herder {
  public:
    Herder(const WorkerConfig& config, topiclog::TopicLog& log, const ConnectorTypes& types);
    ~Herder();
    Herder(const Herder&) = delete;
    Herder& operator=(const Herder&) = delete;

    /// Joins the group, if any, and begins. `url` is where other workers reach this one, `worker_id` HOST:PORT.
    void start(const std::string& url, const std::string& worker_id);
    /// Stops all tasks (what is in flight is made durable) and leaves the group.
    void stop();

    /// Has the thread look again.
    void wake();
    /// Waits until this worker does what the config store says now; at most some seconds.
    void settle();

    ConfigStore& configs() { return configs_; }
    StatusStore& statuses() { return statuses_; }
    /// Whether start() has been called; requests may come earlier.
    bool is_started() const { return is_started_; }
    /// Throws RequestError 409 before start().
    topiclog::Membership& membership();

    /// Whether the connector runs, or would run, here.
    bool owns(const std::string& name);
    /// Starts the task of an own connector anew.
    void restart_task(const std::string& name);
    /// Hands a request to an own connector's source, once the herder's thread comes to it.
    void signal(const std::string& name, engine::Signal signal);
    /// For /metrics.
    std::string metrics();
    /// Of one connector that is here; nothing before its task first ran.
    std::optional<Json> metrics(const std::string& name);
    /// Why the worker can never work ("the group belongs to Kafka Connect"), if so.
    std::optional<std::string> refusal() { return is_started_ ? membership_->refusal() : std::nullopt; }

  private:
    struct Running {
        int64_t version = 0;  ///< ClusterState::Connector::version
        State target = State::Unassigned;
        std::unique_ptr<Task> task;
    };

    void run(const std::stop_token& stop);
    void lead(const ClusterState& state);
    void clean_up_statuses(const ClusterState& state);
    std::set<std::string> own_connectors(const ClusterState& state);
    void reconcile(const ClusterState& state);
    void reconcile(const std::string& name, const ClusterState::Connector& connector, int64_t generation);
    void release(const std::string& name, const ClusterState& state);
    void acknowledge_revocations(const ClusterState& state);
    void deliver_signals();
    void apply_restarts(const ClusterState& state);
    void start_task(const std::string& name, const ClusterState::Connector& connector, int64_t generation);
    void tell_notices(const std::string& name, const engine::SourceType& type, const config::Settings& given) const;
    engine::SourceFigures* figures_of(const std::string& name, const engine::SourceType& type,
                                      const config::Settings& settings);
    Task::MakeSource source_maker(const std::string& name, const engine::SourceType& type,
                                  const config::Settings& settings, int64_t generation);
    /// Writes a task's status, or only shows it while this worker may have lost the task.
    void tell_task(const std::string& name, const Status& status);
    Status status(State state, int64_t generation, std::string_view version, const std::string& trace = {}) const;

    const WorkerConfig& config_;
    topiclog::TopicLog& log_;
    const ConnectorTypes& types_;
    std::string worker_id_;
    ConfigStore configs_;
    StatusStore statuses_;
    std::unique_ptr<topiclog::Membership> membership_;
    std::atomic<bool> is_started_ = false;
    topiclog::Member self_;
    int64_t last_lead_ms_ = 0;
    bool was_working_ = false;
    int64_t started_ms_ = 0;
    int64_t shown_revision_ = -1;
    std::map<std::string, Running> running_;  ///< Of the herder's thread.
    std::set<std::string> released_;          ///< Whose release was told for the assignment that is shown.

    std::mutex mutex_;  ///< Guards what follows, up to thread_.
    std::condition_variable_any woken_;
    std::condition_variable settled_;
    uint64_t changes_ = 1;
    uint64_t done_ = 0;
    std::set<std::string> task_restarts_;
    std::vector<std::pair<std::string, engine::Signal>> signals_;
    std::set<std::string> owned_;
    struct Counted {
        std::string plugin, server;
        std::vector<std::pair<std::string, std::string>> tags;
        std::unique_ptr<engine::SourceFigures> figures;
    };
    std::map<std::string, Counted> counted_;  ///< By connector; kept as long as the worker lives.
    std::jthread thread_;
};

}  // namespace millrace::worker
