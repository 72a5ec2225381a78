#include "worker/worker.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "worker/request_error.h"

namespace millrace::worker {
namespace {

constexpr std::string_view kConnectorNamespaces[] = {"database.",     "snapshot.",  "schema.history.", "table.",
                                                     "column.",       "topic.",     "gtid.",           "signal.",
                                                     "notification.", "heartbeat.", "binlog.",         "incremental."};

std::string simple_name(std::string_view class_name) {
    return std::string(class_name.substr(class_name.rfind('.') + 1));
}

/// Kafka Connect accepts a class by its full name, its simple name, and that without "Connector".
bool names_type(const engine::SourceType& type, const std::string& name) {
    const std::string simple = simple_name(type.class_name);
    return name == type.class_name || name == simple || name + "Connector" == simple;
}

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

Json config_json(const Worker::Config& config) {
    Json json = Json::object();
    for (const auto& [name, value] : config) json[name] = value;
    return json;
}

Json definition_json(const config::Property& property, size_t order) {
    Json json;
    json["name"] = property.name;
    json["type"] = config::name_of(property.type);
    json["required"] = property.required;
    json["default_value"] = property.default_value != nullptr ? Json(property.default_value) : Json(nullptr);
    json["importance"] = config::name_of(property.importance);
    json["documentation"] = property.documentation;
    json["group"] = property.group;
    json["width"] = "MEDIUM";
    json["display_name"] = property.name;
    json["dependents"] = Json::array();
    json["order"] = order;
    return json;
}

Json value_json(const config::Property& property, const config::Settings& settings,
                const std::vector<std::string>& errors) {
    Json json;
    const auto given = settings.find(std::string(property.name));
    json["name"] = property.name;
    json["value"] = given                               ? Json(*given)
                    : property.default_value != nullptr ? Json(property.default_value)
                                                        : Json(nullptr);
    if (property.type == config::Type::Password && given) json["value"] = "[hidden]";
    json["recommended_values"] = split_list(property.allowed);
    json["errors"] = errors;
    json["visible"] = true;
    return json;
}

}  // namespace

Worker::Worker(WorkerConfig config, topiclog::TopicLog& log, std::vector<const engine::SourceType*> types)
    : config_(std::move(config)), log_(log), types_(std::move(types)) {
    load();
}

Worker::~Worker() {
    stop();
}

void Worker::put(const std::string& topic, const std::string& key, const std::optional<std::string>& value) {
    topiclog::AppendBatch batch;
    batch.add(topic, &key, value ? &*value : nullptr, now_ms());
    log_.append(batch);
}

void Worker::load() {
    std::map<std::string, Json> targets;
    topiclog::for_each_record(log_, config_.config_topic, [&](const topiclog::StoredRecord& record) {
        const std::string key = record.key.value_or("");
        const auto json = record.value ? parse_json(*record.value) : std::nullopt;
        constexpr std::string_view kConnector = "connector-", kTarget = "target-state-";
        if (key.starts_with(kConnector)) {
            const std::string name = key.substr(kConnector.size());
            if (!json) {
                connectors_.erase(name);
                return;
            }
            auto connector = std::make_unique<Connector>();
            connector->config = json->at("properties").get<Config>();
            connectors_[name] = std::move(connector);
        } else if (key.starts_with(kTarget)) {
            const std::string name = key.substr(kTarget.size());
            if (json)
                targets[name] = *json;
            else
                targets.erase(name);
        }
    });
    for (auto& [name, connector] : connectors_) {
        if (targets.contains(name)) connector->target = target_from(targets[name]);
    }
    topiclog::for_each_record(log_, config_.status_topic, [&](const topiclog::StoredRecord& record) {
        const auto json = record.value ? parse_json(*record.value) : std::nullopt;
        if (!json || !json->contains("topic")) return;
        const auto found = connectors_.find(json->at("topic").value("connector", ""));
        if (found != connectors_.end()) found->second->topics.insert(json->at("topic").value("name", ""));
    });
}

void Worker::start(const std::string& advertised) {
    const std::lock_guard lock(mutex_);
    worker_id_ = advertised;
    for (auto& [name, connector] : connectors_) {
        try {
            connector->type = &type_of(connector->config);
            apply_target(name, *connector, connector->target, false);
        } catch (const std::exception& fault) {
            log::error("worker", format("Connector {} cannot start: {}", name, fault.what()));
            const std::lock_guard status_lock(status_mutex_);
            connector->connector_state = State::Failed;
            connector->trace = fault.what();
        }
    }
}

void Worker::stop() {
    const std::lock_guard lock(mutex_);
    for (auto& [name, connector] : connectors_) stop_task(name, *connector);
}

const engine::SourceType& Worker::type_of(const Config& config) const {
    const auto found = config.find("connector.class");
    if (found == config.end() || found->second.empty()) {
        std::string text = "{";
        for (const auto& [name, value] : config) text += format("{}{}={}", text.size() > 1 ? ", " : "", name, value);
        throw RequestError(400, format("Connector config {}}} contains no connector type", text));
    }
    for (const auto* type : types_)
        if (names_type(*type, found->second)) return *type;
    std::vector<std::string> available;
    for (const auto* type : types_)
        available.push_back(
            format("PluginDesc{{klass=class {0}, name='{0}', version='{1}', encodedVersion={1}, type=source, "
                   "typeName='source', location='millrace'}}",
                   type->class_name, type->version));
    throw RequestError(400, format("Failed to find any class that implements Connector and which name matches {}, "
                                   "available connectors are: {}",
                                   found->second, join(available, ", ")));
}

Worker::Connector& Worker::find(const std::string& name, const char* message) {
    const auto found = connectors_.find(name);
    if (found == connectors_.end()) throw RequestError(404, format(fmt::runtime(message), name));
    return *found->second;
}

std::vector<config::Problem> Worker::problems(const engine::SourceType& type, const Config& config) const {
    const config::Settings settings(config);
    std::vector<config::Problem> all = framework_properties().check(settings);
    const auto own = type.properties->check(settings);
    all.insert(all.end(), own.begin(), own.end());
    for (const char* side : {"key.converter", "value.converter"}) {
        try {
            converter_options(settings, config_.settings, side);
        } catch (const ConfigError& fault) {
            all.push_back({fault.property(), fault.what()});
        }
    }
    if (all.empty()) all = type.check(type.properties->with_defaults(settings));
    return all;
}

void Worker::check(const Config& config) const {
    const auto found = problems(type_of(config), config);
    if (found.empty()) return;
    std::string text =
        format("Connector configuration is invalid and contains the following {} error(s):", found.size());
    for (const auto& problem : found) text += "\n" + problem.message;
    throw RequestError(400, text +
                                "\nYou can also find the above list of errors at the endpoint "
                                "`/connector-plugins/{connectorType}/config/validate`");
}

void Worker::put_status(const std::string& key, State state, const std::string& trace) {
    Json json;
    json["state"] = name_of(state);
    json["trace"] = trace.empty() ? Json(nullptr) : Json(trace);
    json["worker_id"] = worker_id_;
    json["generation"] = generation_;
    json["version"] = types_.empty() ? "" : types_[0]->version;
    try {
        put(config_.status_topic, key, to_text(json));
    } catch (const std::exception& fault) {
        log::warn("worker", format("The status {} of {} could not be stored: {}", name_of(state), key,
                                   fault.what()));  // the REST API has it
    }
}

void Worker::note_topic(const std::string& connector, const std::string& topic) {
    {
        const std::lock_guard lock(status_mutex_);
        const auto found = connectors_.find(connector);
        if (found == connectors_.end() || !found->second->topics.insert(topic).second) return;
    }
    Json json;
    json["topic"] = {{"name", topic}, {"connector", connector}, {"task", 0}, {"discoverTimestamp", now_ms()}};
    try {
        put(config_.status_topic, format("status-topic-{}:connector-{}", topic, connector), to_text(json));
    } catch (const std::exception& fault) {
        log::warn("worker", format("The use of topic {} could not be stored: {}", topic, fault.what()));
    }
}

void Worker::start_task(const std::string& name, Connector& connector) {
    const config::Settings given(connector.config);
    const config::Settings settings = connector.type->properties->with_defaults(given);
    for (const auto& notice : connector.type->properties->notices(given, kConnectorNamespaces)) {
        if (!framework_properties().find(notice)) log::info("worker", format("Connector {}: {}", name, notice));
    }
    Task::Options options;
    options.connector_name = name;
    options.title = connector.type->title;
    options.logical_name = settings.text("topic.prefix");
    options.retry_wait_ms = settings.integer("retriable.restart.connector.wait.ms", 10'000);
    options.retries_max = settings.integer("errors.max.retries", -1);
    const engine::SourceType& type = *connector.type;
    const auto make_source = [this, name, settings, &type](std::function<void()> started) {
        engine::SourceContext context{log_,
                                      name,
                                      settings,
                                      config_.offset_topic,
                                      converter_options(settings, config_.settings, "key.converter"),
                                      converter_options(settings, config_.settings, "value.converter"),
                                      writer_options(config_, name, settings),
                                      config_.offset_flush_interval_ms,
                                      std::move(started),
                                      uuid_v7(),
                                      [this, name](const std::string& topic) { note_topic(name, topic); }};
        return type.make(std::move(context));
    };
    const auto state_changed = [this, name, &connector](State state, const std::string& trace) {
        {
            const std::lock_guard lock(status_mutex_);
            connector.task_state = state;
            connector.trace = trace;
        }
        put_status(format("status-task-{}-0", name), state, trace);
    };
    {
        const std::lock_guard lock(status_mutex_);
        connector.task_state = State::Unassigned;
        connector.trace.clear();
    }
    connector.task = std::make_unique<Task>(options, make_source, state_changed);
}

void Worker::stop_task(const std::string&, Connector& connector) {
    connector.task.reset();
}

void Worker::set_connector_state(const std::string& name, Connector& connector, State state) {
    {
        const std::lock_guard lock(status_mutex_);
        connector.connector_state = state;
        if (state != State::Running) connector.task_state = state;
    }
    put_status("status-connector-" + name, state, "");
    if (state != State::Running) put_status(format("status-task-{}-0", name), state, "");
}

void Worker::apply_target(const std::string& name, Connector& connector, State target, bool persist) {
    connector.target = target;
    if (persist) put(config_.config_topic, "target-state-" + name, to_text(target_json(target)));
    if (target == State::Running) {
        set_connector_state(name, connector, State::Running);
        if (!connector.task) start_task(name, connector);
    } else {
        stop_task(name, connector);
        set_connector_state(name, connector, target);
    }
}

void Worker::put_config_records(const std::string& name, const Connector& connector) {
    topiclog::AppendBatch batch;
    const auto add = [&](const std::string& key, const Json& json) {
        const std::string value = to_text(json);
        batch.add(config_.config_topic, &key, &value, now_ms());
    };
    Json properties;
    properties["properties"] = config_json(connector.config);
    add("connector-" + name, properties);
    properties["properties"]["task.class"] = connector.type->task_class;
    add(format("task-{}-0", name), properties);
    add("commit-" + name, Json{{"tasks", 1}});
    log_.append(batch);
}

std::vector<std::string> Worker::names() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const auto& [name, connector] : connectors_) all.push_back(name);
    return all;
}

Json Worker::info(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const Connector& connector = find(name, "Connector {} not found");
    Json json;
    json["name"] = name;
    json["config"] = config_json(connector.config);
    json["tasks"] = Json::array();
    if (connector.target != State::Stopped) json["tasks"].push_back({{"connector", name}, {"task", 0}});
    json["type"] = "source";
    return json;
}

Json Worker::config(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return config_json(find(name, "Connector {} not found").config);
}

Json Worker::status_of(const std::string& name, const Connector& connector) {
    const std::lock_guard lock(status_mutex_);
    Json json;
    json["name"] = name;
    const std::string_view version = connector.type != nullptr ? connector.type->version : "";
    json["connector"] = {
        {"state", name_of(connector.connector_state)}, {"worker_id", worker_id_}, {"version", version}};
    if (connector.connector_state == State::Failed) json["connector"]["trace"] = connector.trace;
    json["tasks"] = Json::array();
    if (connector.target != State::Stopped && connector.connector_state != State::Failed) {
        Json task = {
            {"id", 0}, {"state", name_of(connector.task_state)}, {"worker_id", worker_id_}, {"version", version}};
        if (!connector.trace.empty()) task["trace"] = connector.trace;
        json["tasks"].push_back(task);
    }
    json["type"] = "source";
    return json;
}

Json Worker::status(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return status_of(name, find(name, "No status found for connector {}"));
}

Json Worker::tasks(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const Connector& connector = find(name, "Connector {} not found");
    Json all = Json::array();
    if (connector.target == State::Stopped || connector.type == nullptr) return all;
    Json task;
    task["id"] = {{"connector", name}, {"task", 0}};
    task["config"] = config_json(connector.config);
    task["config"]["task.class"] = connector.type->task_class;
    all.push_back(task);
    return all;
}

Json Worker::task_status(const std::string& name, int task) {
    const std::lock_guard lock(mutex_);
    const auto found = connectors_.find(name);
    if (found != connectors_.end()) {
        const Json all = status_of(name, *found->second);
        for (const auto& status : all["tasks"])
            if (status["id"] == task) return status;
    }
    throw RequestError(404, format("No status found for task {}-{}", name, task));
}

Json Worker::offsets(const std::string& name) {
    const std::lock_guard lock(mutex_);
    find(name, "Connector {} not found");
    std::map<std::string, Json> by_partition;
    topiclog::for_each_record(log_, config_.offset_topic, [&](const topiclog::StoredRecord& record) {
        const auto key = parse_json(record.key.value_or(""));
        if (!key || !key->is_array() || key->size() != 2 || (*key)[0] != name) return;
        const auto value = record.value ? parse_json(*record.value) : std::nullopt;
        if (value)
            by_partition[(*key)[1].dump()] = Json{{"partition", (*key)[1]}, {"offset", *value}};
        else
            by_partition.erase((*key)[1].dump());
    });
    Json json;
    json["offsets"] = Json::array();
    for (const auto& [partition, offset] : by_partition) json["offsets"].push_back(offset);
    return json;
}

Json Worker::topics(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const Connector& connector = find(name, "Connector {} not found");
    const std::lock_guard status_lock(status_mutex_);
    Json json;
    json[name]["topics"] = connector.topics;
    return json;
}

Json Worker::plugins() const {
    Json all = Json::array();
    for (const auto* type : types_)
        all.push_back({{"class", type->class_name}, {"type", "source"}, {"version", type->version}});
    return all;
}

Json Worker::validate(const std::string& class_name, const Config& config) {
    Config with_class = config;
    with_class.try_emplace("connector.class", class_name);
    if (class_name != with_class["connector.class"] &&
        simple_name(with_class["connector.class"]) != simple_name(class_name))
        throw RequestError(400, format("Included connector type {} does not match request type {}",
                                       with_class["connector.class"], class_name));
    const engine::SourceType& type = type_of({{"connector.class", class_name}});
    std::map<std::string, std::vector<std::string>> errors;
    for (const auto& problem : problems(type, with_class)) errors[problem.property].push_back(problem.message);
    Json json;
    json["name"] = type.class_name;
    json["error_count"] = errors.size();
    std::vector<std::string> groups;
    Json configs = Json::array();
    const config::Settings settings(with_class);
    size_t order = 0;
    for (const auto* table : {&framework_properties(), type.properties}) {
        for (const auto& property : table->properties()) {
            if (property.name.find('(') != std::string_view::npos) continue;
            if (std::find(groups.begin(), groups.end(), property.group) == groups.end())
                groups.emplace_back(property.group);
            configs.push_back({{"definition", definition_json(property, ++order)},
                               {"value", value_json(property, settings, errors[std::string(property.name)])}});
        }
    }
    json["groups"] = groups;
    json["configs"] = configs;
    return json;
}

Json Worker::create(const std::string& name, Config config, const std::string& initial_state) {
    {
        const std::lock_guard lock(mutex_);
        if (connectors_.contains(name)) throw RequestError(409, format("Connector {} already exists", name));
    }
    config["name"] = name;
    check(config);
    const State target = initial_state == "PAUSED"    ? State::Paused
                         : initial_state == "STOPPED" ? State::Stopped
                                                      : State::Running;
    const std::lock_guard lock(mutex_);
    if (connectors_.contains(name)) throw RequestError(409, format("Connector {} already exists", name));
    auto connector = std::make_unique<Connector>();
    connector->config = std::move(config);
    connector->type = &type_of(connector->config);
    put_config_records(name, *connector);
    Connector* added = connector.get();
    {
        const std::lock_guard status_lock(status_mutex_);
        connectors_[name] = std::move(connector);
    }
    apply_target(name, *added, target, target != State::Running);
    log::info("worker", format("Connector {} created", name));
    Json json;
    json["name"] = name;
    json["config"] = config_json(added->config);
    json["tasks"] = Json::array();
    json["type"] = "source";
    return json;
}

bool Worker::put_config(const std::string& name, Config config) {
    const auto named = config.find("name");
    if (named != config.end() && named->second != name)
        throw RequestError(400, format("Connector name configuration ({}) doesn't match connector name in the URL ({})",
                                       named->second, name));
    config["name"] = name;
    bool exists = false;
    {
        const std::lock_guard lock(mutex_);
        exists = connectors_.contains(name);
    }
    if (!exists) {
        create(name, std::move(config));
        return true;
    }
    check(config);  // asks the database, so not under the lock
    const std::lock_guard lock(mutex_);
    Connector& connector = find(name, "Connector {} not found");
    if (connector.config == config) return false;
    stop_task(name, connector);
    connector.config = std::move(config);
    connector.type = &type_of(connector.config);
    put_config_records(name, connector);
    ++generation_;
    apply_target(name, connector, connector.target, false);
    return false;
}

void Worker::remove(const std::string& name) {
    const std::lock_guard lock(mutex_);
    Connector& connector = find(name, "Connector {} not found");
    stop_task(name, connector);
    topiclog::AppendBatch batch;
    const auto bury = [&](const std::string& topic, const std::string& key) {
        batch.add(topic, &key, nullptr, now_ms());
    };
    bury(config_.config_topic, "connector-" + name);
    bury(config_.config_topic, "target-state-" + name);
    bury(config_.status_topic, "status-connector-" + name);
    bury(config_.status_topic, format("status-task-{}-0", name));
    for (const auto& topic : connector.topics)
        bury(config_.status_topic, format("status-topic-{}:connector-{}", topic, name));
    log_.append(batch);
    const std::lock_guard status_lock(status_mutex_);
    connectors_.erase(name);
    log::info("worker", format("Connector {} deleted", name));
}

void Worker::pause(const std::string& name) {
    const std::lock_guard lock(mutex_);
    apply_target(name, find(name, "Unknown connector {}"), State::Paused, true);
}

void Worker::resume(const std::string& name) {
    const std::lock_guard lock(mutex_);
    apply_target(name, find(name, "Unknown connector {}"), State::Running, true);
}

void Worker::stop_connector(const std::string& name) {
    const std::lock_guard lock(mutex_);
    apply_target(name, find(name, "Unknown connector {}"), State::Stopped, true);
}

std::optional<Json> Worker::restart(const std::string& name, bool include_tasks, bool only_failed) {
    const std::lock_guard lock(mutex_);
    Connector& connector = find(name, "Unknown connector: {}");
    bool task_failed = false;
    {
        const std::lock_guard status_lock(status_mutex_);
        task_failed = connector.task_state == State::Failed;
        if (connector.type == nullptr) connector.type = &type_of(connector.config);
    }
    const bool restarts_task = include_tasks && connector.target == State::Running && (!only_failed || task_failed);
    Json answer = status_of(name, connector);
    if (restarts_task) {
        stop_task(name, connector);
        for (auto& task : answer["tasks"]) task["state"] = name_of(State::Restarting);
        ++generation_;
        start_task(name, connector);
    }
    if (!include_tasks && !only_failed) return std::nullopt;
    answer["connector"]["state"] = name_of(State::Restarting);
    return answer;
}

void Worker::restart_task(const std::string& name, int task) {
    const std::lock_guard lock(mutex_);
    const auto found = connectors_.find(name);
    if (found == connectors_.end() || task != 0 || found->second->target == State::Stopped)
        throw RequestError(404, format("Unknown task: {}-{}", name, task));
    stop_task(name, *found->second);
    if (found->second->target == State::Running) start_task(name, *found->second);
}

}  // namespace millrace::worker
