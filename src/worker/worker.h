#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "worker/connector_types.h"
#include "worker/herder.h"
#include "worker/offset_store.h"
#include "worker/worker_config.h"

namespace millrace::worker {

/// What the REST API asks of a worker. Reads are answered from what this worker knows of the cluster; changes are
/// written to the config topic by the leader, and every worker acts on them. Calls come from REST threads; one at a
/// time changes things. They throw RequestError, with Kafka Connect's words and status, and ForwardRequest where
/// another worker must answer.
class Worker {
  public:
    using Config = ConnectorConfig;

    Worker(WorkerConfig config, topiclog::TopicLog& log, std::vector<const engine::SourceType*> types);
    ~Worker();

    /// Starts the connectors that the config topic holds. `advertised` is HOST:PORT.
    void start(const std::string& advertised);
    /// Stops all tasks; what is in flight is made durable.
    void stop();
    /// Why this worker can never work, if so.
    std::optional<std::string> refusal() { return herder_.refusal(); }
    /// Whether it has found its place among the workers.
    bool is_ready();

    std::vector<std::string> names();
    Json info(const std::string& name);
    Json config(const std::string& name);
    Json status(const std::string& name);
    Json tasks(const std::string& name);
    /// {"connector-0": {…}}
    Json task_configs(const std::string& name);
    Json task_status(const std::string& name, int task);
    Json offsets(const std::string& name);
    Json topics(const std::string& name);
    Json plugins(bool connectors_only) const;
    Json plugin_config(const std::string& class_name) const;
    Json validate(const std::string& class_name, const Config& config);

    /// `initial_state` is RUNNING, PAUSED or STOPPED.
    Json create(const std::string& name, Config config, const std::string& initial_state = "RUNNING");
    /// Returns whether the connector is new.
    bool put_config(const std::string& name, Config config);
    /// Changes some properties; null removes one. Returns the connector as it is then.
    Json patch_config(const std::string& name, const Json& changes);
    void remove(const std::string& name);
    void pause(const std::string& name);
    void resume(const std::string& name);
    void stop_connector(const std::string& name);
    /// Nothing if neither flag is set (Kafka Connect answers 204 then), otherwise the state that is being restarted.
    std::optional<Json> restart(const std::string& name, bool include_tasks, bool only_failed);
    void restart_task(const std::string& name, int task);
    /// Hands a request ({"id":…,"type":…,"data":…}) to a running connector. Returns its id. Throws RequestError.
    std::string signal(const std::string& name, const Json& body);
    /// Both need a STOPPED connector; they return what Kafka Connect answers.
    Json alter_offsets(const std::string& name, const Json& body);
    Json reset_offsets(const std::string& name);
    void reset_topics(const std::string& name);
    /// For all workers.
    void set_cluster_level(const std::string& logger, const std::string& level);

    /// The text that Prometheus scrapes.
    std::string metrics() { return herder_.metrics(); }
    /// One connector's figures. Throws RequestError, ForwardRequest.
    Json metrics(const std::string& name);

    topiclog::TopicLog& log() { return log_; }
    const WorkerConfig& settings() const { return config_; }
    const std::string& id() const { return worker_id_; }

  private:
    void require_owner(const std::string& name);
    /// Throws RequestError 404 with `message` ("Connector {} not found").
    static const ClusterState::Connector& find(const ClusterState& state, const std::string& name, const char* message);
    /// Throws ForwardRequest, or RequestError 409 while there is no leader.
    void require_leader();
    void put_target(const std::string& name, State target);
    std::string task_class_of(const Config& config) const;
    std::string own_offsets_topic(const Config& config) const;
    void require_stopped(const std::string& name);
    Json created_json(const std::string& name, const Config& config) const;

    const WorkerConfig config_;
    topiclog::TopicLog& log_;
    const ConnectorTypes types_;
    std::string worker_id_;
    std::mutex mutex_;  ///< One change at a time.
    OffsetStore offsets_;
    Herder herder_;
};

}  // namespace millrace::worker
