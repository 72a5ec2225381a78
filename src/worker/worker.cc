#include "worker/worker.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "transform/transform_types.h"
#include "worker/converters.h"
#include "worker/request_error.h"
#include "worker/validation.h"

namespace millrace::worker {
namespace {

constexpr const char* kNotFound = "Connector {} not found";

Json config_json(const Worker::Config& config) {
    Json json = Json::object();
    for (const auto& [name, value] : config) json[name] = value;
    return json;
}

Json status_json(const Status& status) {
    Json json;
    json["state"] = name_of(status.state);
    json["worker_id"] = status.worker_id;
    json["version"] = status.version;
    if (!status.trace.empty()) json["trace"] = status.trace;
    return json;
}

State target_from(const std::string& initial_state) {
    return initial_state == "PAUSED" ? State::Paused : initial_state == "STOPPED" ? State::Stopped : State::Running;
}

std::string altered_text(const char* what) {
    return format(
        "The Connect framework-managed offsets for this connector have been {0} successfully. However, if this "
        "connector manages offsets externally, they will need to be manually {0} in the system that the "
        "connector uses.",
        what);
}

}  // namespace

Worker::Worker(WorkerConfig config, topiclog::TopicLog& log, std::vector<const engine::SourceType*> types)
    : config_(std::move(config)),
      log_(log),
      types_(std::move(types)),
      offsets_(log, config_.offset_topic),
      herder_(config_, log, types_) {}

Worker::~Worker() {
    stop();
}

void Worker::start(const std::string& advertised) {
    worker_id_ = advertised;
    herder_.start(config_.advertised_listener().scheme + "://" + advertised, advertised);
    if (!herder_.membership().is_shared()) herder_.settle();
}

void Worker::stop() {
    herder_.stop();
}

bool Worker::is_ready() {
    if (!herder_.is_started()) return false;
    if (!herder_.membership().is_shared()) return true;
    const auto assignment = herder_.configs().state().assignment;
    return assignment.members.contains(herder_.membership().member_id());
}

const ClusterState::Connector& Worker::find(const ClusterState& state, const std::string& name, const char* message) {
    const auto found = state.connectors.find(name);
    if (found == state.connectors.end()) throw RequestError(404, format(fmt::runtime(message), name));
    return found->second;
}

void Worker::require_leader() {
    auto& membership = herder_.membership();
    if (membership.is_leader()) return;
    const auto assignment = herder_.configs().state().assignment;
    const std::string own = membership.member_id();
    const bool is_known = !own.empty() && assignment.members.contains(own) && !assignment.leader.url.empty();
    if (!is_known || assignment.leader.id == own)
        throw RequestError(
            409,
            "Cannot complete request momentarily due to no known leader URL, likely because a rebalance was "
            "underway.");
    throw ForwardRequest(assignment.leader.url);
}

std::string Worker::task_class_of(const Config& config) const {
    return std::string(types_.of(config).task_class);
}

std::vector<std::string> Worker::names() {
    std::vector<std::string> all;
    for (const auto& [name, connector] : herder_.configs().state().connectors) all.push_back(name);
    return all;
}

Json Worker::info(const std::string& name) {
    const ClusterState state = herder_.configs().state();
    const auto& connector = find(state, name, kNotFound);
    Json json = created_json(name, connector.config);
    if (connector.tasks > 0) json["tasks"].push_back({{"connector", name}, {"task", 0}});
    return json;
}

Json Worker::created_json(const std::string& name, const Config& config) const {
    Json json;
    json["name"] = name;
    json["config"] = config_json(config);
    json["tasks"] = Json::array();
    json["type"] = "source";
    return json;
}

Json Worker::config(const std::string& name) {
    return config_json(find(herder_.configs().state(), name, kNotFound).config);
}

Json Worker::status(const std::string& name) {
    const ClusterState state = herder_.configs().state();
    const auto& connector = find(state, name, "No status found for connector {}");
    const auto own = herder_.statuses().connector(name);
    if (!own) throw RequestError(404, format("No status found for connector {}", name));
    Json json;
    json["name"] = name;
    json["connector"] = status_json(*own);
    json["tasks"] = Json::array();
    const auto task = herder_.statuses().task(name, 0);
    if (task && connector.target != State::Stopped) {
        Json entry = {{"id", 0}};
        entry.update(status_json(*task));
        json["tasks"].push_back(entry);
    }
    json["type"] = "source";
    return json;
}

Json Worker::tasks(const std::string& name) {
    const ClusterState state = herder_.configs().state();
    const auto& connector = find(state, name, kNotFound);
    Json all = Json::array();
    if (connector.tasks == 0) return all;
    Json task;
    task["id"] = {{"connector", name}, {"task", 0}};
    task["config"] = config_json(connector.config);
    task["config"]["task.class"] = task_class_of(connector.config);
    all.push_back(task);
    return all;
}

Json Worker::task_configs(const std::string& name) {
    Json json = Json::object();
    const Json all = tasks(name);
    for (const auto& task : all) json[name + "-0"] = task["config"];
    return json;
}

Json Worker::task_status(const std::string& name, int task) {
    const auto known = herder_.statuses().task(name, task);
    if (!known) throw RequestError(404, format("No status found for task {}-{}", name, task));
    Json json = {{"id", task}};
    json.update(status_json(*known));
    return json;
}

std::string Worker::own_offsets_topic(const Config& config) const {
    const auto found = config.find("offsets.storage.topic");
    return found == config.end() ? std::string() : found->second;
}

Json Worker::offsets(const std::string& name) {
    const ClusterState state = herder_.configs().state();
    const auto& connector = find(state, name, kNotFound);
    Json json;
    json["offsets"] = Json::array();
    for (const auto& [partition, offset] : offsets_.read(name, own_offsets_topic(connector.config))) {
        Json shown = offset;
        if (shown.is_object())
            for (const auto& [field, value] : offset.items())
                if (field.starts_with(engine::kUnshownOffsetField)) shown.erase(field);
        json["offsets"].push_back({{"partition", partition}, {"offset", shown}});
    }
    return json;
}

Json Worker::topics(const std::string& name) {
    if (!config_.settings.boolean("topic.tracking.enable", true))
        throw RequestError(403, "Topic tracking is disabled.");
    Json json;  // Kafka Connect does not ask whether there is such a connector
    json[name]["topics"] = herder_.statuses().topics(name);
    return json;
}

void Worker::reset_topics(const std::string& name) {
    if (!config_.settings.boolean("topic.tracking.enable", true))
        throw RequestError(403, "Topic tracking is disabled.");
    if (!config_.settings.boolean("topic.tracking.allow.reset", true))
        throw RequestError(403, "Topic tracking reset is disabled.");
    herder_.statuses().reset_topics(name);
}

Json Worker::plugins(bool connectors_only) const {
    Json all = Json::array();
    for (const auto* type : types_.all())
        all.push_back({{"class", type->class_name}, {"type", "source"}, {"version", type->version}});
    if (connectors_only) return all;
    const auto add = [&](std::string_view name, const char* type) {
        const auto version = name.starts_with("io.debezium.") ? types_.all().front()->version : kConnectVersion;
        all.push_back({{"class", name}, {"type", type}, {"version", version}});
    };
    for (const auto name : converter_classes()) add(name, "converter");
    for (const auto name : converter_classes())
        if (name.starts_with("org.apache.")) add(name, "header_converter");
    add("org.apache.kafka.connect.storage.SimpleHeaderConverter", "header_converter");
    for (const auto* type : transform::transform_types()) add(type->class_name, "transformation");
    for (const auto* type : transform::predicate_types()) add(type->class_name, "predicate");
    return all;
}

Json Worker::plugin_config(const std::string& class_name) const {
    return plugin_config_json(types_, class_name);
}

Json Worker::validate(const std::string& class_name, const Config& config) {
    return validation_json(config_, types_, class_name, config);
}

Json Worker::create(const std::string& name, Config config, const std::string& initial_state) {
    require_leader();
    if (herder_.configs().state().connectors.contains(name))
        throw RequestError(409, format("Connector {} already exists", name));
    config["name"] = name;
    check_connector(config_, types_, config);
    const State target = target_from(initial_state);
    {
        const std::lock_guard lock(mutex_);
        if (herder_.configs().state().connectors.contains(name))
            throw RequestError(409, format("Connector {} already exists", name));
        // Kafka Connect writes a target state only if it is asked for one; a deleted connector's must not come back.
        herder_.configs().put_connector(name, config, task_class_of(config),
                                        target == State::Running ? std::nullopt : std::optional(target));
    }
    log::info("worker", format("Connector {} created", name));
    herder_.settle();
    return created_json(name, config);
}

bool Worker::put_config(const std::string& name, Config config) {
    const auto named = config.find("name");
    if (named != config.end() && named->second != name)
        throw RequestError(400, format("Connector name configuration ({}) doesn't match connector name in the URL ({})",
                                       named->second, name));
    require_leader();
    config["name"] = name;
    if (!herder_.configs().state().connectors.contains(name)) {
        create(name, std::move(config));
        return true;
    }
    check_connector(config_, types_, config);  // asks the database, so not under the lock
    {
        const std::lock_guard lock(mutex_);
        const ClusterState state = herder_.configs().state();
        if (find(state, name, kNotFound).config == config) return false;
        herder_.configs().put_connector(name, config, task_class_of(config), std::nullopt);
    }
    herder_.settle();
    return false;
}

Json Worker::patch_config(const std::string& name, const Json& changes) {
    require_leader();
    Config merged = find(herder_.configs().state(), name, kNotFound).config;
    for (const auto& [property, value] : changes.items()) {
        if (value.is_null())
            merged.erase(property);
        else
            merged[property] = value.is_string() ? value.get<std::string>() : value.dump();
    }
    put_config(name, std::move(merged));
    return info(name);
}

void Worker::remove(const std::string& name) {
    require_leader();
    {
        const std::lock_guard lock(mutex_);
        static_cast<void>(find(herder_.configs().state(), name, kNotFound));
        herder_.configs().remove_connector(name);
    }
    log::info("worker", format("Connector {} deleted", name));
    herder_.settle();
}

void Worker::put_target(const std::string& name, State target) {
    {
        const std::lock_guard lock(mutex_);
        const ClusterState state = herder_.configs().state();
        const auto& connector = find(state, name, "Unknown connector {}");
        herder_.configs().put_target(name, target, task_class_of(connector.config));
    }
    herder_.settle();
}

void Worker::pause(const std::string& name) {
    put_target(name, State::Paused);
}

void Worker::resume(const std::string& name) {
    put_target(name, State::Running);
}

void Worker::stop_connector(const std::string& name) {
    require_leader();
    put_target(name, State::Stopped);
}

std::optional<Json> Worker::restart(const std::string& name, bool include_tasks, bool only_failed) {
    require_leader();
    const ClusterState state = herder_.configs().state();
    static_cast<void>(find(state, name, "Unknown connector: {}"));
    Json answer = status(name);
    for (auto& task : answer["tasks"])
        if (include_tasks && (!only_failed || task["state"] == name_of(State::Failed)))
            task["state"] = name_of(State::Restarting);
    if (!only_failed || answer["connector"]["state"] == name_of(State::Failed))
        answer["connector"]["state"] = name_of(State::Restarting);
    herder_.configs().put_restart({name, only_failed, include_tasks});
    herder_.settle();
    if (!include_tasks && !only_failed) return std::nullopt;
    return answer;
}

void Worker::restart_task(const std::string& name, int task) {
    const ClusterState state = herder_.configs().state();
    const auto connector = state.connectors.find(name);
    if (connector == state.connectors.end()) throw RequestError(404, format("Unknown connector: {}", name));
    if (task != 0) throw RequestError(404, format("Unknown task: {}-{}", name, task));
    if (connector->second.tasks == 0)  // Kafka Connect keeps a stopped connector's task in mind, but no worker has it
        throw RequestError(
            409,
            "Cannot complete request momentarily due to no known leader URL, likely because a rebalance was "
            "underway.");
    require_owner(name);
    herder_.restart_task(name);
}

/// Throws ForwardRequest if another worker has the connector's task.
void Worker::require_owner(const std::string& name) {
    if (herder_.owns(name)) return;
    const ClusterState state = herder_.configs().state();
    const auto share = state.assignment.members.find(state.assignment.owner_of(name));
    if (share == state.assignment.members.end() ||
        share->second.url == config_.advertised_listener().scheme + "://" + worker_id_)
        throw RequestError(409,
                           "Cannot complete request momentarily due to stale configuration (typically caused by a "
                           "concurrent config change)");
    throw ForwardRequest(share->second.url);
}

Json Worker::metrics(const std::string& name) {
    if (!herder_.configs().state().connectors.contains(name))
        throw RequestError(404, format("Connector {} not found", name));
    require_owner(name);
    const auto figures = herder_.metrics(name);
    if (!figures) throw RequestError(404, format("Connector {} has not run here yet", name));
    return *figures;
}

std::string Worker::signal(const std::string& name, const Json& body) {
    if (!herder_.configs().state().connectors.contains(name))
        throw RequestError(404, format("Connector {} not found", name));
    Json with_id = body;
    if (!with_id.contains("id")) with_id["id"] = uuid_v7();
    std::string problem;
    auto signal = engine::parse_signal(to_text(with_id), problem);
    if (!signal) throw RequestError(400, format("The signal cannot be read: {}", problem));
    const std::string state = task_status(name, 0).value("state", "");
    if (state != "RUNNING")
        throw RequestError(409,
                           format("Connector {} takes signals while its task is RUNNING, and it is {}", name, state));
    require_owner(name);
    std::string id = signal->id;
    herder_.signal(name, std::move(*signal));
    return id;
}

void Worker::require_stopped(const std::string& name) {
    const ClusterState state = herder_.configs().state();
    const auto& connector = find(state, name, kNotFound);
    const auto task = herder_.statuses().task(name, 0);
    const bool runs = task && (task->state == State::Running || task->state == State::Restarting);
    if (connector.target != State::Stopped || connector.tasks != 0 || runs)
        throw RequestError(
            400,
            "Connectors must be in the STOPPED state before their offsets can be modified. This can be done "
            "for the specified connector by issuing a 'PUT' request to the '/connectors/" +
                name + "/stop' endpoint");
}

Json Worker::alter_offsets(const std::string& name, const Json& body) {
    require_leader();
    const auto list = body.find("offsets");
    if (list == body.end() || !list->is_array() || list->empty())
        throw RequestError(400, "Partitions / offsets need to be provided for an alter offsets request");
    std::vector<std::pair<Json, Json>> changes;
    for (const auto& entry : *list) {
        if (!entry.is_object() || !entry.contains("partition") || !entry["partition"].is_object())
            throw RequestError(400, "The partition of an offset has to be provided as an object");
        changes.emplace_back(entry["partition"], entry.value("offset", Json(nullptr)));
    }
    const std::lock_guard lock(mutex_);
    require_stopped(name);
    const ClusterState state = herder_.configs().state();
    const auto& config = find(state, name, kNotFound).config;
    const auto& type = types_.of(config);
    for (const auto& [partition, offset] : changes)
        if (const auto problem = type.offset_problem(to_text(partition), offset.is_null() ? "" : to_text(offset)))
            throw RequestError(400, *problem);
    offsets_.write(name, own_offsets_topic(config), changes);
    return {{"message", altered_text("altered")}};
}

Json Worker::reset_offsets(const std::string& name) {
    require_leader();
    const std::lock_guard lock(mutex_);
    require_stopped(name);
    const ClusterState state = herder_.configs().state();
    const std::string own_topic = own_offsets_topic(find(state, name, kNotFound).config);
    auto all = offsets_.read(name, own_topic);
    for (auto& [partition, offset] : all) offset = nullptr;
    offsets_.write(name, own_topic, all);
    return {{"message", altered_text("reset")}};
}

void Worker::set_cluster_level(const std::string& logger, const std::string& level) {
    herder_.configs().put_level({logger, level});
    herder_.wake();
}

}  // namespace millrace::worker
