#include "worker/config_store.h"

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::worker {
namespace {

constexpr std::string_view kConnector = "connector-";
constexpr std::string_view kTarget = "target-state-";
constexpr std::string_view kCommit = "commit-";
constexpr std::string_view kFencing = "tasks-fencing-";
constexpr std::string_view kRestart = "restart-connector-";
constexpr std::string_view kLevel = "logger-cluster-";
/// Ours; Kafka Connect passes over it with a line in its log.
constexpr std::string_view kAssignment = "millrace-assignment";
constexpr std::string_view kLeaving = "millrace-leaving";

constexpr int64_t kReadBackMs = 30'000;

/// The state words of target-state records: "state.v2" tells STOPPED from PAUSED.
Json target_json(State target) {
    Json json;
    const bool running = target == State::Running;
    json["state"] = running ? "STARTED" : "PAUSED";
    json["state.v2"] = running ? "STARTED" : target == State::Paused ? "PAUSED" : "STOPPED";
    return json;
}

State target_from(const Json& json) {
    const std::string state = json.value("state.v2", json.value("state", "STARTED"));
    return state == "STARTED" ? State::Running : state == "PAUSED" ? State::Paused : State::Stopped;
}

Json properties_json(const ConnectorConfig& config) {
    Json json;
    json["properties"] = Json::object();
    for (const auto& [name, value] : config) json["properties"][name] = value;
    return json;
}

std::string with(std::string_view prefix, const std::string& name) {
    return std::string(prefix) + name;
}

std::string awaited_text(const std::string& key, const std::optional<std::string>& value) {
    return key + '\0' + value.value_or("");
}

}  // namespace

ConfigStore::ConfigStore(topiclog::TopicLog& log, std::string topic, std::function<void()> changed)
    : log_(log),
      topic_(std::move(topic)),
      changed_(std::move(changed)),
      follower_(log_, topic_, [this](const topiclog::StoredRecord& record) { apply(record); }) {
    is_loaded_ = true;
}

void ConfigStore::follow() {
    is_following_ = true;
    follower_.follow("configs");
}

ClusterState ConfigStore::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

std::vector<RestartRequest> ConfigStore::take_restarts() {
    const std::lock_guard lock(mutex_);
    return std::exchange(restarts_, {});
}

std::vector<LevelChange> ConfigStore::take_level_changes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(levels_, {});
}

void ConfigStore::apply_connector(const std::string& name, const std::optional<Json>& value) {
    if (!value) {
        state_.connectors.erase(name);
        return;
    }
    auto& connector = state_.connectors[name];
    connector.config.clear();
    for (const auto& [property, text] : value->at("properties").items())
        if (text.is_string()) connector.config[property] = text.get<std::string>();
    connector.version = state_.records;
    const auto target = targets_.find(name);
    connector.target = target == targets_.end() ? State::Running : target->second;
}

void ConfigStore::apply(const topiclog::StoredRecord& record) {
    const std::string key = record.key.value_or("");
    const auto value = record.value ? parse_json(*record.value) : std::nullopt;
    {
        const std::lock_guard lock(mutex_);
        ++state_.records;
        const auto connector = [&](std::string_view prefix) {
            return state_.connectors.find(key.substr(prefix.size()));
        };
        try {
            if (key.starts_with(kConnector)) {
                apply_connector(key.substr(kConnector.size()), value);
            } else if (key.starts_with(kTarget)) {
                const std::string name = key.substr(kTarget.size());
                if (value)
                    targets_[name] = target_from(*value);
                else
                    targets_.erase(name);
                if (const auto found = connector(kTarget); found != state_.connectors.end())
                    found->second.target = value ? targets_[name] : State::Running;
            } else if (key.starts_with(kCommit)) {
                if (const auto found = connector(kCommit); found != state_.connectors.end() && value)
                    found->second.tasks = value->value("tasks", 0);
            } else if (key.starts_with(kFencing)) {
                if (const auto found = connector(kFencing); found != state_.connectors.end() && value)
                    found->second.fenced_tasks = value->value("task-count", 0);
            } else if (key == kAssignment) {
                const auto assignment = value ? Assignment::from_json(*value) : std::nullopt;
                if (assignment && assignment->supersedes(state_.assignment)) state_.assignment = *assignment;
            } else if (key == kLeaving) {
                if (value) state_.left.insert(value->at("member").get<std::string>());
            } else if (key.starts_with(kRestart)) {
                if (value && is_loaded_)
                    restarts_.push_back({key.substr(kRestart.size()), value->value("only-failed", false),
                                         value->value("include-tasks", false)});
            } else if (key.starts_with(kLevel)) {
                if (value && is_loaded_) levels_.push_back({key.substr(kLevel.size()), value->value("level", "INFO")});
            }
        } catch (const Json::exception& fault) {
            log::error("configs", format("The record {} of topic {} is passed over: {}", key, topic_, fault.what()));
        }
        const auto awaited = awaited_.find(awaited_text(key, record.value));
        if (awaited != awaited_.end()) {
            awaited_.erase(awaited);
            seen_.notify_all();
        }
    }
    if (is_loaded_) changed_();
}

void ConfigStore::put(const std::vector<Record>& records) {
    topiclog::AppendBatch batch;
    const int64_t now = now_ms();
    for (const auto& [key, value] : records) batch.add(topic_, &key, value ? &*value : nullptr, now);
    if (!is_following_) {
        log_.append(batch);
        for (const auto& [key, value] : records) apply({0, 0, now, key, value, {}});
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, value] : records) awaited_.insert(awaited_text(key, value));
    }
    log_.append(batch);
    std::unique_lock lock(mutex_);
    const bool all = seen_.wait_for(lock, std::chrono::milliseconds(kReadBackMs), [&] { return awaited_.empty(); });
    if (all) {
        lock.unlock();
        changed_();  // the follower tells of it a moment later than it wakes us
        return;
    }
    awaited_.clear();
    throw RetriableError(
        format("What was written to topic {} could not be read back within {} s", topic_, kReadBackMs / 1000));
}

void ConfigStore::add_task(std::vector<Record>& records, const std::string& name, const ConnectorConfig& config,
                           const std::string& task_class) const {
    ConnectorConfig task = config;
    task["task.class"] = task_class;
    records.emplace_back(format("task-{}-0", name), to_text(properties_json(task)));
    records.emplace_back(with(kCommit, name), to_text(Json{{"tasks", 1}}));
}

void ConfigStore::put_connector(const std::string& name, const ConnectorConfig& config, const std::string& task_class,
                                std::optional<State> target) {
    std::vector<Record> records;
    if (target) records.emplace_back(with(kTarget, name), to_text(target_json(*target)));
    records.emplace_back(with(kConnector, name), to_text(properties_json(config)));
    const bool stopped = target ? *target == State::Stopped : [&] {
        const std::lock_guard lock(mutex_);
        const auto known = state_.connectors.find(name);
        return known != state_.connectors.end() && known->second.target == State::Stopped;
    }();
    if (!stopped) add_task(records, name, config, task_class);
    put(records);
}

void ConfigStore::put_target(const std::string& name, State target, const std::string& task_class) {
    std::vector<Record> records;
    records.emplace_back(with(kTarget, name), to_text(target_json(target)));
    const ClusterState now = state();
    const auto connector = now.connectors.find(name);
    if (connector != now.connectors.end()) {
        if (target == State::Stopped && connector->second.tasks != 0)
            records.emplace_back(with(kCommit, name), to_text(Json{{"tasks", 0}}));
        if (target != State::Stopped && connector->second.tasks == 0)
            add_task(records, name, connector->second.config, task_class);
    }
    put(records);
}

void ConfigStore::remove_connector(const std::string& name) {
    put({{with(kConnector, name), std::nullopt}, {with(kTarget, name), std::nullopt}});
}

void ConfigStore::put_assignment(const Assignment& assignment) {
    put({{std::string(kAssignment), to_text(assignment.to_json())}});
}

void ConfigStore::put_leaving(const std::string& member) {
    put({{std::string(kLeaving), to_text(Json{{"member", member}})}});
}

void ConfigStore::put_restart(const RestartRequest& request) {
    put({{with(kRestart, request.connector),
          to_text(Json{{"include-tasks", request.include_tasks}, {"only-failed", request.only_failed}})}});
}

void ConfigStore::put_level(const LevelChange& change) {
    put({{with(kLevel, change.logger), to_text(Json{{"level", change.level}})}});
}

void ConfigStore::put_task_count(const std::string& name, int count) {
    put({{with(kFencing, name), to_text(Json{{"task-count", count}})}});
}

}  // namespace millrace::worker
