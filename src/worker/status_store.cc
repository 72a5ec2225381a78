#include "worker/status_store.h"

#include <pthread.h>

#include <chrono>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::worker {
namespace {

constexpr std::string_view kConnector = "status-connector-";
constexpr std::string_view kTask = "status-task-";
constexpr std::string_view kTopic = "status-topic-";
constexpr std::string_view kTopicOwner = ":connector-";
constexpr int64_t kRetryMs = 500;
constexpr int64_t kLastWordsMs = 2000;

std::string task_key(const std::string& name, int task) {
    return format("{}{}-{}", kTask, name, task);
}

std::string topic_key(const std::string& connector, const std::string& topic) {
    return format("{}{}{}{}", kTopic, topic, kTopicOwner, connector);
}

std::string status_json(const Status& status) {
    Json json;
    json["state"] = name_of(status.state);
    json["trace"] = status.trace.empty() ? Json(nullptr) : Json(status.trace);
    json["worker_id"] = status.worker_id;
    json["generation"] = status.generation;
    json["version"] = status.version;
    return to_text(json);
}

Status status_from(const Json& json) {
    const auto text = [&](const char* name) {
        const auto found = json.find(name);
        return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    return {state_from(text("state")), text("trace"), text("worker_id"), json.value("generation", int64_t{0}),
            text("version")};
}

}  // namespace

StatusStore::StatusStore(topiclog::TopicLog& log, std::string topic, std::function<void()> changed)
    : log_(log),
      topic_(std::move(topic)),
      changed_(std::move(changed)),
      follower_(log_, topic_, [this](const topiclog::StoredRecord& record) { apply(record); }) {
    writer_ = std::jthread([this](const std::stop_token& stop) { write(stop); });
}

StatusStore::~StatusStore() {
    std::unique_lock lock(mutex_);
    written_.wait_for(lock, std::chrono::milliseconds(kLastWordsMs), [&] { return to_write_.empty(); });
}

void StatusStore::write(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "status-writer");
    std::unique_lock lock(mutex_);
    while (written_.wait(lock, stop, [&] { return !to_write_.empty(); })) {
        topiclog::AppendBatch batch;
        const int64_t now = now_ms();
        for (const auto& [key, value] : to_write_) batch.add(topic_, &key, value ? &*value : nullptr, now);
        const size_t count = to_write_.size();
        lock.unlock();
        bool taken = false;
        try {
            log_.append(batch);
            taken = true;
        } catch (const RetriableError& fault) {
            log::warn("statuses", format("{} statuses could not be stored yet: {}", count, fault.what()));
            std::this_thread::sleep_for(std::chrono::milliseconds(kRetryMs));
        }
        lock.lock();
        if (taken) to_write_.erase(to_write_.begin(), to_write_.begin() + static_cast<std::ptrdiff_t>(count));
        written_.notify_all();
    }
}

void StatusStore::follow(std::string own_worker_id) {
    {
        const std::lock_guard lock(mutex_);
        own_worker_id_ = std::move(own_worker_id);
    }
    follower_.follow("statuses", changed_);
}

void StatusStore::apply_topic(const std::string& key, const std::optional<Json>& value) {
    const size_t owner = key.rfind(kTopicOwner);
    if (owner == std::string::npos || owner < kTopic.size()) return;
    const std::string topic = key.substr(kTopic.size(), owner - kTopic.size());
    const std::string connector = key.substr(owner + kTopicOwner.size());
    if (value)
        topics_[connector].insert(topic);
    else
        topics_[connector].erase(topic);
}

void StatusStore::apply(const topiclog::StoredRecord& record) {
    const std::string key = record.key.value_or("");
    const auto value = record.value ? parse_json(*record.value) : std::nullopt;
    const std::lock_guard lock(mutex_);
    if (key.starts_with(kTopic)) {
        apply_topic(key, value);
    } else if (key.starts_with(kConnector) || key.starts_with(kTask)) {
        if (!value) {
            // A worker takes away what it had itself; what this one has is known here before it is read.
            const auto known = statuses_.find(key);
            if (known != statuses_.end() && (own_worker_id_.empty() || known->second.worker_id != own_worker_id_))
                statuses_.erase(known);
            return;
        }
        Status status = status_from(*value);
        if (!own_worker_id_.empty() && status.worker_id == own_worker_id_) return;
        statuses_[key] = std::move(status);
    }
}

/// Under mutex_.
void StatusStore::put(const std::string& key, const std::optional<std::string>& value) {
    to_write_.emplace_back(key, value);
    written_.notify_all();
}

std::optional<Status> StatusStore::find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    if (const auto shown = shown_.find(key); shown != shown_.end()) return shown->second;
    const auto found = statuses_.find(key);
    return found == statuses_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Status> StatusStore::connector(const std::string& name) const {
    return find(std::string(kConnector) + name);
}

std::optional<Status> StatusStore::task(const std::string& name, int task) const {
    return find(task_key(name, task));
}

void StatusStore::show_connector(const std::string& name, const Status& status) {
    const std::lock_guard lock(mutex_);
    shown_[std::string(kConnector) + name] = status;
}

void StatusStore::show_task(const std::string& name, int task, const Status& status) {
    const std::lock_guard lock(mutex_);
    shown_[task_key(name, task)] = status;
}

void StatusStore::show_all() {
    const std::lock_guard lock(mutex_);
    shown_.clear();
}

std::set<std::string> StatusStore::topics(const std::string& connector) const {
    const std::lock_guard lock(mutex_);
    const auto found = topics_.find(connector);
    return found == topics_.end() ? std::set<std::string>() : found->second;
}

std::set<std::string> StatusStore::connectors() const {
    const std::lock_guard lock(mutex_);
    std::set<std::string> all;
    for (const auto& [key, status] : statuses_)
        if (key.starts_with(kConnector)) all.insert(key.substr(kConnector.size()));
    return all;
}

void StatusStore::put_connector(const std::string& name, const Status& status) {
    const std::lock_guard lock(mutex_);
    const std::string key = std::string(kConnector) + name;
    statuses_[key] = status;
    put(key, status_json(status));
}

void StatusStore::put_task(const std::string& name, int task, const Status& status) {
    const std::lock_guard lock(mutex_);
    statuses_[task_key(name, task)] = status;
    put(task_key(name, task), status_json(status));
}

void StatusStore::remove_task(const std::string& name, int task) {
    const std::lock_guard lock(mutex_);
    if (statuses_.erase(task_key(name, task)) != 0) put(task_key(name, task), std::nullopt);
}

void StatusStore::remove(const std::string& name) {
    const std::lock_guard lock(mutex_);
    for (const std::string& key : {std::string(kConnector) + name, task_key(name, 0)})
        if (statuses_.erase(key) != 0) put(key, std::nullopt);
    for (const auto& topic : topics_[name]) put(topic_key(name, topic), std::nullopt);
    topics_.erase(name);
}

void StatusStore::add_topic(const std::string& connector, const std::string& topic) {
    Json json;
    json["topic"] = {{"name", topic}, {"connector", connector}, {"task", 0}, {"discoverTimestamp", now_ms()}};
    const std::lock_guard lock(mutex_);
    if (topics_[connector].insert(topic).second) put(topic_key(connector, topic), to_text(json));
}

void StatusStore::reset_topics(const std::string& connector) {
    const std::lock_guard lock(mutex_);
    for (const auto& topic : std::exchange(topics_[connector], {})) put(topic_key(connector, topic), std::nullopt);
}

}  // namespace millrace::worker
