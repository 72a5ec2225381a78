#include "worker/herder.h"

#include <pthread.h>

#include <algorithm>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "source/engine/former_names.h"
#include "worker/converters.h"
#include "worker/internal_topics.h"
#include "worker/metrics_text.h"
#include "worker/request_error.h"

namespace millrace::worker {
namespace {

constexpr const char* kLogger = "worker";
constexpr int64_t kTickMs = 200;
constexpr int64_t kSettleMs = 30'000;
constexpr std::string_view kConnectorNamespaces[] = {"database.",     "snapshot.",  "schema.history.", "table.",
                                                     "column.",       "topic.",     "gtid.",           "signal.",
                                                     "notification.", "heartbeat.", "binlog.",         "incremental."};

std::string listed(const std::set<std::string>& names) {
    return "[" + join({names.begin(), names.end()}, ", ") + "]";
}

}  // namespace

Herder::Herder(const WorkerConfig& config, topiclog::TopicLog& log, const ConnectorTypes& types)
    : config_(config),
      log_(log),
      types_(types),
      configs_(log, config.config_topic, [this] { wake(); }),
      statuses_(log, config.status_topic, [this] { wake(); }) {}

Herder::~Herder() {
    stop();
}

void Herder::start(const std::string& url, const std::string& worker_id) {
    worker_id_ = worker_id;
    started_ms_ = now_ms();
    topiclog::MembershipOptions options;
    options.group_id = config_.settings.text("group.id");
    options.url = url;
    options.topic = config_.config_topic;
    options.session_timeout_ms = config_.settings.integer("session.timeout.ms");
    options.heartbeat_interval_ms = config_.settings.integer("heartbeat.interval.ms");
    options.rebalance_timeout_ms = config_.settings.integer("rebalance.timeout.ms");
    membership_ = log_.join(std::move(options));
    self_.url = url;
    if (membership_->is_shared()) {
        configs_.follow();
        statuses_.follow(worker_id_);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    is_started_ = true;
}

topiclog::Membership& Herder::membership() {
    if (is_started_) return *membership_;
    throw RequestError(409,
                       "Cannot complete request momentarily due to no known leader URL, likely because a rebalance was "
                       "underway.");
}

void Herder::stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
    const ClusterState state = configs_.state();
    for (auto& [name, running] : running_)
        if (running.task) running.task->request_stop();
    for (auto& [name, running] : running_) {
        running.task.reset();
        if (state.connectors.contains(name) && membership_->is_shared()) release(name, state);
    }
    running_.clear();
    if (membership_->is_shared() && state.assignment.members.contains(self_.id)) {
        try {
            configs_.put_leaving(self_.id);
        } catch (const RetriableError& fault) {
            log::warn(kLogger, format("The others were not told that this worker leaves: {}", fault.what()));
        }
    }
    membership_->leave();
}

void Herder::wake() {
    const std::lock_guard lock(mutex_);
    ++changes_;
    woken_.notify_all();
}

void Herder::settle() {
    std::unique_lock lock(mutex_);
    const uint64_t wanted = changes_;
    woken_.notify_all();
    settled_.wait_for(lock, std::chrono::milliseconds(kSettleMs), [&] { return done_ >= wanted; });
}

bool Herder::owns(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return owned_.contains(name);
}

void Herder::restart_task(const std::string& name) {
    {
        const std::lock_guard lock(mutex_);
        task_restarts_.insert(name);
    }
    wake();
    settle();
}

void Herder::signal(const std::string& name, engine::Signal signal) {
    {
        const std::lock_guard lock(mutex_);
        signals_.emplace_back(name, std::move(signal));
    }
    wake();
    settle();
}

void Herder::deliver_signals() {
    std::vector<std::pair<std::string, engine::Signal>> signals;
    {
        const std::lock_guard lock(mutex_);
        signals.swap(signals_);
    }
    for (auto& [name, signal] : signals) {
        const auto running = running_.find(name);
        const std::string id = signal.id;
        if (running == running_.end() || running->second.task == nullptr ||
            !running->second.task->signal(std::move(signal)))
            log::warn(kLogger, format("Signal '{}' for connector {} is lost: its task is not running", id, name));
    }
}

void Herder::run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "herder");
    const bool is_shared = membership_->is_shared();
    while (!stop.stop_requested()) {
        uint64_t seen = 0;
        {
            std::unique_lock lock(mutex_);
            const auto is_due = [&] { return changes_ != done_; };
            if (is_shared)
                woken_.wait_for(lock, stop, std::chrono::milliseconds(kTickMs), is_due);
            else
                woken_.wait(lock, stop, is_due);
            seen = changes_;
        }
        if (stop.stop_requested()) return;
        try {
            self_.id = membership_->member_id();
            const ClusterState state = configs_.state();
            if (membership_->is_leader()) lead(state);
            reconcile(configs_.state());
            deliver_signals();
        } catch (const RetriableError& fault) {
            log::warn(kLogger, format("{}; it is tried again", fault.what()));
        }
        const std::lock_guard lock(mutex_);
        done_ = seen;
        settled_.notify_all();
    }
}

Status Herder::status(State state, int64_t generation, std::string_view version, const std::string& trace) const {
    return {state, trace, worker_id_, generation, std::string(version)};
}

void Herder::tell_task(const std::string& name, const Status& status) {
    if (membership_->may_work())
        statuses_.put_task(name, 0, status);
    else
        statuses_.show_task(name, 0, status);
}

/// A deleted connector's statuses go once nobody has it.
void Herder::clean_up_statuses(const ClusterState& state) {
    for (const auto& name : statuses_.connectors()) {
        if (state.connectors.contains(name) || running_.contains(name)) continue;
        if (state.assignment.owner_of(name).empty() && !state.assignment.revoking.contains(name))
            statuses_.remove(name);
    }
}

void Herder::lead(const ClusterState& state) {
    if (!membership_->is_shared()) return;
    const int64_t interval = std::min<int64_t>(config_.settings.integer("heartbeat.interval.ms") / 4, 1000);
    const bool is_new = state.assignment.leader != self_;
    std::set<std::string> connectors;
    for (const auto& [name, connector] : state.connectors) connectors.insert(name);
    const auto is_unassigned = [&](const auto& name) {
        return state.assignment.owner_of(name).empty() && !state.assignment.revoking.contains(name);
    };
    const bool has_leavers = std::any_of(state.assignment.members.begin(), state.assignment.members.end(),
                                         [&](const auto& member) { return state.left.contains(member.first); });
    const bool is_pressing = is_new || has_leavers || !state.assignment.revoking.empty() ||
                             std::any_of(connectors.begin(), connectors.end(), is_unassigned);
    const int64_t now = steady_ms();
    if (!is_pressing && now - last_lead_ms_ < interval) return;
    last_lead_ms_ = now;
    clean_up_statuses(state);
    auto members = membership_->members();
    if (!members) return;
    std::erase_if(*members, [&](const auto& member) { return state.left.contains(member.id); });
    if (std::find(members->begin(), members->end(), self_) == members->end()) return;
    const auto is_released = [&](const std::string& name, const Assignment::Revocation& revocation) {
        const auto told = statuses_.connector(name);
        const auto share = state.assignment.members.find(revocation.member);
        return told && told->state == State::Unassigned && told->generation >= revocation.revision &&
               share != state.assignment.members.end() && share->second.url.ends_with(told->worker_id);
    };
    const auto next = next_assignment(state.assignment, self_, *members, connectors, is_released);
    if (!next) return;
    configs_.put_assignment(*next);
    log::info(kLogger,
              format("Assignment {} (epoch {}) for {} members: {} connectors, {} being handed over", next->revision,
                     next->epoch, next->members.size(), connectors.size(), next->revoking.size()));
}

std::set<std::string> Herder::own_connectors(const ClusterState& state) {
    if (!membership_->is_shared()) {
        std::set<std::string> all;
        for (const auto& [name, connector] : state.connectors) all.insert(name);
        return all;
    }
    const bool works = membership_->may_work();
    if (was_working_ && !works)
        log::warn(kLogger,
                  "The session with the group's coordinator may have ended: all tasks are stopped until it is "
                  "clear that this worker still has them");
    if (works && !was_working_) statuses_.show_all();
    was_working_ = works;
    const auto mine = state.assignment.members.find(self_.id);
    if (!works || mine == state.assignment.members.end()) return {};
    return mine->second.connectors;
}

void Herder::reconcile(const ClusterState& state) {
    const std::set<std::string> mine = own_connectors(state);
    const int64_t generation = std::max<int64_t>(1, state.assignment.revision);
    if (shown_revision_ != state.assignment.revision && membership_->is_shared()) {
        released_.clear();
        shown_revision_ = state.assignment.revision;
        log::info(
            kLogger,
            format("Generation {}, member {}: leader {}, connectors and tasks {}, using config offset {}",
                   state.assignment.revision, self_.id, state.assignment.leader.url, listed(mine), state.records));
    }
    {
        const std::lock_guard lock(mutex_);
        owned_ = mine;
    }
    for (auto at = running_.begin(); at != running_.end();) {
        const bool deleted = !state.connectors.contains(at->first);
        if (mine.contains(at->first) && !deleted) {
            ++at;
            continue;
        }
        if (at->second.task && !membership_->may_work()) at->second.task->drop();
        at->second.task.reset();
        const std::string name = at->first;
        at = running_.erase(at);
        if (deleted)
            statuses_.remove(name);
        else
            release(name, state);
    }
    acknowledge_revocations(state);
    apply_restarts(state);
    for (const auto& name : mine)
        if (const auto found = state.connectors.find(name); found != state.connectors.end())
            reconcile(name, found->second, generation);
}

/// Tells the leader that the connector runs here no longer. A worker that may have lost it already tells nobody else.
void Herder::release(const std::string& name, const ClusterState& state) {
    const int64_t generation = std::max<int64_t>(1, state.assignment.revision);
    if (membership_->may_work()) {
        statuses_.put_task(name, 0, status(State::Unassigned, generation, ""));
        statuses_.put_connector(name, status(State::Unassigned, generation, ""));
        released_.insert(name);
        return;
    }
    const std::string trace = format(
        "This worker's session with the group's coordinator may have ended; the task waits for "
        "Kafka (since {})",
        log::timestamp());
    statuses_.show_task(name, 0, status(State::Unassigned, generation, "", trace));
    statuses_.show_connector(name, status(State::Unassigned, generation, "", trace));
}

void Herder::acknowledge_revocations(const ClusterState& state) {
    if (!membership_->may_work()) return;
    for (const auto& [name, revocation] : state.assignment.revoking)
        if (revocation.member == self_.id && !released_.contains(name)) release(name, state);
}

void Herder::apply_restarts(const ClusterState& state) {
    std::set<std::string> restarted;
    {
        const std::lock_guard lock(mutex_);
        restarted = std::exchange(task_restarts_, {});
    }
    for (const auto& request : configs_.take_restarts()) {
        if (!request.include_tasks || !state.connectors.contains(request.connector)) continue;
        const auto task = statuses_.task(request.connector, 0);
        if (!request.only_failed || (task && task->state == State::Failed)) restarted.insert(request.connector);
    }
    for (const auto& change : configs_.take_level_changes()) {
        if (const auto level = log::parse_level(change.level)) log::set_level(change.logger, *level);
    }
    for (const auto& name : restarted) {
        const auto running = running_.find(name);
        if (running == running_.end()) continue;
        log::info(kLogger, format("Restarting the task of connector {}", name));
        running->second.task.reset();
        running->second.target = State::Unassigned;  // is started anew
    }
}

void Herder::reconcile(const std::string& name, const ClusterState::Connector& connector, int64_t generation) {
    auto& running = running_[name];
    const bool is_same = running.version == connector.version && running.target == connector.target;
    if (is_same) return;
    if (running.task) running.task.reset();
    running.version = connector.version;
    running.target = connector.target;
    try {
        const auto& type = types_.of(connector.config);
        if (connector.target == State::Running) {
            log::info(kLogger, format("Starting connectors and tasks: {}", name));
            statuses_.put_connector(name, status(State::Running, generation, type.version));
            start_task(name, connector, generation);
            return;
        }
        statuses_.put_connector(name, status(connector.target, generation, type.version));
        if (connector.target == State::Stopped)
            statuses_.remove_task(name, 0);
        else
            statuses_.put_task(name, 0, status(connector.target, generation, type.version));
    } catch (const std::exception& fault) {
        log::error(kLogger, format("Connector {} cannot start: {}", name, fault.what()));
        statuses_.put_connector(name, status(State::Failed, generation, "", fault.what()));
    }
}

engine::SourceFigures* Herder::figures_of(const std::string& name, const engine::SourceType& type,
                                          const config::Settings& settings) {
    const std::lock_guard lock(mutex_);
    auto& counted = counted_[name];
    counted.plugin = type.domain;
    counted.server = settings.text("topic.prefix");
    counted.tags.clear();
    for (const auto& tag : settings.list("custom.metric.tags"))
        if (const size_t equals = tag.find('='); equals != std::string::npos)
            counted.tags.emplace_back(trimmed(tag.substr(0, equals)), trimmed(tag.substr(equals + 1)));
    if (!counted.figures) counted.figures = std::make_unique<engine::SourceFigures>();
    return counted.figures.get();
}

std::optional<Json> Herder::metrics(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto counted = counted_.find(name);
    if (counted == counted_.end()) return std::nullopt;
    const auto status = statuses_.task(name, 0);
    return metrics_json({name, counted->second.plugin, counted->second.server, counted->second.tags,
                         status ? status->state : State::Unassigned, counted->second.figures.get()});
}

std::string Herder::metrics() {
    WorkerFigures worker;
    worker.worker_id = worker_id_;
    worker.started_ms = started_ms_;
    worker.generation = configs_.state().assignment.revision;
    worker.is_leader = membership().is_leader();
    std::vector<TaskFigures> tasks;
    const std::lock_guard lock(mutex_);
    worker.connectors = static_cast<int64_t>(owned_.size());
    for (const auto& [name, counted] : counted_) {
        if (!owned_.contains(name)) continue;
        const auto status = statuses_.task(name, 0);
        tasks.push_back({name, counted.plugin, counted.server, counted.tags, status ? status->state : State::Unassigned,
                         counted.figures.get()});
    }
    return metrics_text(worker, tasks);
}

Task::MakeSource Herder::source_maker(const std::string& name, const engine::SourceType& type,
                                      const config::Settings& settings, int64_t generation) {
    return [this, name, &type, settings, generation](std::function<void()> started) {
        topiclog::WriterOptions writer = writer_options(config_, name, settings);
        writer.may_write = [this] { return membership_->may_work(); };
        writer.health = [this, name, &type, generation](const std::optional<std::string>& trouble) {
            const std::string trace = trouble ? format("{} (since {})", *trouble, log::timestamp()) : std::string();
            tell_task(name, status(State::Running, generation, type.version, trace));
        };
        writer.refusal.skipped = [figures = figures_of(name, type, settings)](bool is_kept) {
            ++figures->records_skipped;
            if (is_kept) ++figures->dead_letters;
        };
        RecordPath path = record_path(settings, config_.settings, writer.refusal.skipped);
        engine::SourceContext context{log_,
                                      name,
                                      settings,
                                      settings.text("offsets.storage.topic", config_.offset_topic),
                                      config_.offset_topic,
                                      path.key_json,
                                      path.value_json,
                                      path.is_open,
                                      std::move(path.make_stage),
                                      std::move(writer),
                                      figures_of(name, type, settings),
                                      config_.offset_flush_interval_ms,
                                      std::move(started),
                                      uuid_v7(),
                                      [this, name](const std::string& topic) { statuses_.add_topic(name, topic); }};
        return type.make(std::move(context));
    };
}

/// Properties that do nothing here, each looked up in the table that it belongs to.
void Herder::tell_notices(const std::string& name, const engine::SourceType& type,
                          const config::Settings& given) const {
    config::Settings own;
    config::Settings framework;
    for (const auto& [property, value] : given.values())
        (framework_properties().find(property) != nullptr ? framework : own).set(property, value);
    auto notices = type.properties->notices(own, kConnectorNamespaces);
    for (auto& notice : framework_properties().notices(framework, {})) notices.push_back(std::move(notice));
    for (const auto& notice : notices) log::info(kLogger, format("Connector {}: {}", name, notice));
    const auto history = given.list("schema.history.internal.kafka.bootstrap.servers");
    const auto own_brokers = config_.settings.list("bootstrap.servers");
    const bool is_elsewhere = std::none_of(history.begin(), history.end(), [&](const auto& broker) {
        return std::find(own_brokers.begin(), own_brokers.end(), broker) != own_brokers.end();
    });
    if (is_elsewhere && !history.empty() && config_.is_on_kafka())
        log::warn(kLogger,
                  format("Connector {}: 'schema.history.internal.kafka.bootstrap.servers' names {}, the worker {}. "
                         "The schema history is kept on the worker's cluster: if that is another one, copy the "
                         "topic {} there first",
                         name, join(history, ","), join(own_brokers, ","),
                         given.text("schema.history.internal.kafka.topic")));
}

void Herder::start_task(const std::string& name, const ClusterState::Connector& connector, int64_t generation) {
    const auto& type = types_.of(connector.config);
    std::vector<std::string> renamed;
    const auto given =
        engine::with_current_names(config::Settings(config_.providers.resolve(connector.config)), renamed);
    for (const auto& notice : renamed) log::warn(kLogger, format("Connector {}: {}", name, notice));
    const config::Settings settings = type.properties->with_defaults(given);
    if (const auto own = settings.text("offsets.storage.topic"); !own.empty()) {
        topiclog::TopicConfig topic;
        for (const auto& internal : internal_topics(config_))
            if (internal.name == config_.offset_topic) topic = internal.config;
        log_.ensure_topic(own, topic);
    }
    tell_notices(name, type, given);
    Task::Options options;
    options.connector_name = name;
    options.title = type.title;
    options.logical_name = settings.text("topic.prefix");
    options.retry_wait_ms = settings.integer("retriable.restart.connector.wait.ms", 10'000);
    options.retries_max = settings.integer("errors.max.retries", -1);
    options.shutdown_ms = config_.shutdown_timeout_ms;
    if (config_.is_exactly_once() && connector.fenced_tasks != 1) configs_.put_task_count(name, 1);
    const auto state_changed = [this, name, &type, generation](State state, const std::string& trace) {
        tell_task(name, status(state, generation, type.version, trace));
    };
    state_changed(State::Unassigned, "");
    running_[name].task =
        std::make_unique<Task>(options, source_maker(name, type, settings, generation), state_changed);
}

}  // namespace millrace::worker
