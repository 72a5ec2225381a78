#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/json_fwd.h"
#include "source/engine/source.h"
#include "worker/task.h"
#include "worker/worker_config.h"

namespace millrace::worker {

/// Connectors and their tasks: life cycle, configurations, states, all of it kept in the internal topics as Kafka
/// Connect keeps it. Calls come from REST threads and block until they are done; one at a time changes things.
/// They throw RequestError, with Kafka Connect's words and status.
class Worker {
  public:
    using Config = std::map<std::string, std::string>;

    Worker(WorkerConfig config, topiclog::TopicLog& log, std::vector<const engine::SourceType*> types);
    ~Worker();

    /// Starts the connectors that the config topic holds. `advertised` is HOST:PORT.
    void start(const std::string& advertised);
    /// Stops all tasks; what is in flight is made durable.
    void stop();

    std::vector<std::string> names();
    Json info(const std::string& name);
    Json config(const std::string& name);
    Json status(const std::string& name);
    Json tasks(const std::string& name);
    Json task_status(const std::string& name, int task);
    Json offsets(const std::string& name);
    Json topics(const std::string& name);
    Json plugins() const;
    Json validate(const std::string& class_name, const Config& config);

    /// `initial_state` is RUNNING, PAUSED or STOPPED.
    Json create(const std::string& name, Config config, const std::string& initial_state = "RUNNING");
    /// Returns whether the connector is new.
    bool put_config(const std::string& name, Config config);
    void remove(const std::string& name);
    void pause(const std::string& name);
    void resume(const std::string& name);
    void stop_connector(const std::string& name);
    /// Nothing if neither flag is set (Kafka Connect answers 204 then), otherwise the state that is being restarted.
    std::optional<Json> restart(const std::string& name, bool include_tasks, bool only_failed);
    void restart_task(const std::string& name, int task);

    topiclog::TopicLog& log() { return log_; }
    const std::string& id() const { return worker_id_; }

  private:
    struct Connector {
        Config config;
        const engine::SourceType* type = nullptr;
        State target = State::Running;
        // Guarded by status_mutex_: the task's thread writes them.
        State connector_state = State::Unassigned;
        State task_state = State::Unassigned;
        std::string trace;
        std::set<std::string> topics;
        std::unique_ptr<Task> task;
    };

    const engine::SourceType& type_of(const Config& config) const;
    Connector& find(const std::string& name, const char* message);
    std::vector<config::Problem> problems(const engine::SourceType& type, const Config& config) const;
    void check(const Config& config) const;
    void load();
    void start_task(const std::string& name, Connector& connector);
    void stop_task(const std::string& name, Connector& connector);
    void apply_target(const std::string& name, Connector& connector, State target, bool persist);
    void set_connector_state(const std::string& name, Connector& connector, State state);
    void put(const std::string& topic, const std::string& key, const std::optional<std::string>& value);
    void put_config_records(const std::string& name, const Connector& connector);
    void put_status(const std::string& key, State state, const std::string& trace);
    Json status_of(const std::string& name, const Connector& connector);
    void note_topic(const std::string& connector, const std::string& topic);

    const WorkerConfig config_;
    topiclog::TopicLog& log_;
    const std::vector<const engine::SourceType*> types_;
    std::string worker_id_;
    std::mutex mutex_;         ///< Serialises what changes connectors.
    std::mutex status_mutex_;  ///< Guards states; taken last, never while calling a task.
    std::map<std::string, std::unique_ptr<Connector>> connectors_;
    int64_t generation_ = 1;
};

}  // namespace millrace::worker
