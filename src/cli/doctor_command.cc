#include "cli/doctor_command.h"

#include <iostream>

#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/source_types.h"
#include "cli/worker_files.h"
#include "source/engine/finding.h"
#include "source/engine/former_names.h"
#include "transform/plugins.h"
#include "worker/internal_topics.h"
#include "worker/offset_store.h"
#include "worker/validation.h"

namespace millrace::cli {
namespace {

using engine::Finding;

class Doctor {
  public:
    Doctor(worker::WorkerConfig config, bool fixes)
        : config_(std::move(config)), fixes_(fixes), types_(source_types()) {}

    void examine_log() {
        if (!config_.is_on_kafka()) {
            add("worker", {Finding::Level::Fine, "topics are kept in " + config_.settings.text("store.path"), "", ""});
            return;
        }
        try {
            log_ = worker::connect_log(config_);
        } catch (const EnvironmentError& fault) {
            add("worker", {Finding::Level::Problem, fault.what(), "all state is kept in Kafka",
                           "check bootstrap.servers, security.protocol and sasl.*, and that the brokers are up"});
            return;
        }
        add("worker",
            {Finding::Level::Fine,
             format("Kafka cluster {} answers at {}", log_->cluster_id(), config_.settings.text("bootstrap.servers")),
             "", ""});
        for (const auto& topic : worker::internal_topics(config_)) examine_topic(topic);
    }

    void examine_connector(const std::string& name, const worker::ConnectorConfig& given) {
        worker::ConnectorConfig config = given;
        config["name"] = name;
        const auto problems = worker::connector_problems(config_, types_.of(config), config);
        for (const auto& problem : problems)
            add(name, {Finding::Level::Problem, problem.message, "the connector would be refused",
                       "correct the property " + problem.property});
        if (problems.empty()) add(name, {Finding::Level::Fine, "the configuration is valid", "", ""});
        const auto& type = types_.of(config);
        std::vector<std::string> renamed;
        const config::Settings settings =
            type.properties->with_defaults(engine::with_current_names(config::Settings(config), renamed));
        std::string offset;
        if (log_ != nullptr) {
            const worker::OffsetStore offsets(*log_, config_.offset_topic);
            for (const auto& [partition, value] : offsets.read(name, settings.text("offsets.storage.topic")))
                if (partition.value("server", "") == settings.text("topic.prefix")) offset = to_text(value);
        }
        for (auto& finding : type.diagnose(settings, offset)) add(name, std::move(finding));
        if (log_ != nullptr) examine_data_topics(name, type, settings);
    }

    int report(bool as_json) const {
        size_t problems = 0;
        Json all = Json::array();
        for (const auto& [subject, finding] : findings_) {
            problems += finding.level == Finding::Level::Problem ? 1 : 0;
            constexpr const char* kLevels[] = {"ok", "warning", "problem"};
            const char* level = kLevels[static_cast<size_t>(finding.level)];
            if (as_json) {
                all.push_back({{"subject", subject},
                               {"level", level},
                               {"what", finding.what},
                               {"why", finding.why},
                               {"mend", finding.mend}});
                continue;
            }
            std::cout << format("{:<8} {}: {}\n", level, subject, finding.what);
            if (!finding.why.empty()) std::cout << "           why:  " << finding.why << '\n';
            if (!finding.mend.empty()) std::cout << "           mend: " << finding.mend << '\n';
        }
        if (as_json)
            std::cout << to_text(all) << '\n';
        else
            std::cout << (problems == 0 ? "No problems.\n" : format("{} problem(s).\n", problems));
        return problems == 0 ? 0 : 1;
    }

  private:
    void add(const std::string& subject, Finding finding) { findings_.emplace_back(subject, std::move(finding)); }

    void examine_topic(const worker::InternalTopic& topic) {
        const auto found = log_->topic(topic.name);
        if (!found) {
            add("worker",
                {Finding::Level::Fine, format("{} ({}) will be created", topic.name, topic.property), "", ""});
            return;
        }
        if (const auto problem = worker::internal_topic_problem(topic, *found)) {
            const bool is_policy = found->cleanup_policy != "compact";
            if (is_policy && fixes_) {
                std::cerr << format("Setting cleanup.policy=compact on topic {}\n", topic.name);
                log_->alter_topic(topic.name, {{"cleanup.policy", "compact"}});
                add("worker", {Finding::Level::Fine, format("{} is compacted now", topic.name), "", ""});
                return;
            }
            add("worker",
                {Finding::Level::Problem, *problem, "",
                 is_policy
                     ? format("kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} "
                              "--add-config cleanup.policy=compact (or doctor --fix)",
                              config_.settings.text("bootstrap.servers"), topic.name)
                     : format("name another topic in {}", topic.property)});
            return;
        }
        if (found->config.partitions != topic.config.partitions)
            add("worker", {Finding::Level::Warning,
                           format("{} has {} partitions, {} asks for {}", topic.name, found->config.partitions,
                                  topic.property, topic.config.partitions),
                           "it works as it is", ""});
        else
            add("worker", {Finding::Level::Fine,
                           format("{} is compacted, {} partition(s), {} replica(s)", topic.name,
                                  found->config.partitions, found->config.replication_factor),
                           "", ""});
    }

    void examine_data_topics(const std::string& name, const engine::SourceType& type,
                             const config::Settings& settings) {
        topiclog::WriterOptions options = worker::writer_options(config_, name, settings);
        options.is_transactional = false;  // a running task must not be fenced
        try {
            const auto topics = type.topics(settings);
            log_->open_writer(std::move(options))->check_topics(topics);
            add(name,
                {Finding::Level::Fine, format("its {} topic(s) are there or can be created", topics.size()), "", ""});
        } catch (const FatalError& fault) {
            add(name, {Finding::Level::Problem, fault.what(), "the connector fails before its snapshot",
                       "see each topic's line"});
        } catch (const RetriableError& fault) {
            add(name, {Finding::Level::Problem, fault.what(), "the topics could not be examined", "see the message"});
        }
    }

    const worker::WorkerConfig config_;
    const bool fixes_;
    const worker::ConnectorTypes types_;
    std::unique_ptr<topiclog::TopicLog> log_;
    std::vector<std::pair<std::string, Finding>> findings_;
};

}  // namespace

int run_doctor(const std::vector<std::string>& files, const std::vector<std::string>& overrides, bool fixes,
               bool as_json) {
    log::set_level(log::Level::Error);
    const auto [settings, connectors] = read_worker_files(files, overrides);
    transform::load_plugins(settings.list("plugin.path"));
    Doctor doctor(worker::WorkerConfig::from(settings), fixes);
    doctor.examine_log();
    for (const auto& [name, config] : connectors) doctor.examine_connector(name, config);
    return doctor.report(as_json);
}

}  // namespace millrace::cli
