#include "topiclog/kafka/admin.h"

#include <array>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/text.h"

namespace millrace::topiclog::kafka {
namespace {

constexpr size_t kReasonBytes = 512;
/// How much longer than the request itself its answer is waited for.
constexpr int kAnswerSlackMs = 2000;
constexpr int kRetryMs = 50;

[[noreturn]] void refuse(const char* what, const char* reason) {
    throw RetriableError(format("Kafka did not {}: {}", what, reason));
}

using Metadata = std::unique_ptr<const rd_kafka_metadata_t, Destroyer<&rd_kafka_metadata_destroy>>;

Metadata metadata_of(rd_kafka_t* client, rd_kafka_topic_t* topic, int timeout_ms) {
    const rd_kafka_metadata_t* raw = nullptr;
    const auto error = rd_kafka_metadata(client, topic == nullptr ? 1 : 0, topic, &raw, timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) refuse("list its topics", rd_kafka_err2str(error));
    return Metadata(raw);
}

Admin::Topic topic_from(const rd_kafka_metadata_topic& found) {
    return {found.topic, found.partition_cnt, found.partition_cnt > 0 ? found.partitions[0].replica_cnt : 0};
}

void throw_if_failed(rd_kafka_event_t* event, const char* what) {
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) refuse(what, rd_kafka_event_error_string(event));
}

}  // namespace

ClientHandle make_client(rd_kafka_type_t type, ConfHandle conf) {
    std::array<char, kReasonBytes> reason{};
    size_t size = reason.size();
    rd_kafka_conf_get(conf.get(), "sasl.mechanisms", reason.data(), &size);
    const bool has_tokens = std::string_view(reason.data()) == "OAUTHBEARER";
    rd_kafka_t* client = rd_kafka_new(type, conf.get(), reason.data(), reason.size());
    if (client == nullptr)
        throw ConfigError("bootstrap.servers", format("The Kafka client cannot be configured: {}", reason.data()));
    static_cast<void>(conf.release());  // the client owns it now
    ClientHandle handle(client);
    if (has_tokens)
        if (const ErrorHandle error(rd_kafka_sasl_background_callbacks_enable(client)); error)
            throw ConfigError("sasl.mechanism",
                              format("Tokens cannot be refreshed: {}", rd_kafka_error_string(error.get())));
    return handle;
}

Admin::Admin(ConfHandle conf, int timeout_ms)
    : client_(make_client(RD_KAFKA_PRODUCER, std::move(conf))), timeout_ms_(timeout_ms) {}

AdminOptions Admin::options(rd_kafka_admin_op_t operation, int timeout_ms) const {
    AdminOptions made(rd_kafka_AdminOptions_new(client_.get(), operation));
    std::array<char, kReasonBytes> reason{};
    rd_kafka_AdminOptions_set_request_timeout(made.get(), timeout_ms, reason.data(), reason.size());
    return made;
}

EventHandle Admin::wait(rd_kafka_queue_t* queue, const char* what) const {
    EventHandle event(rd_kafka_queue_poll(queue, timeout_ms_ + kAnswerSlackMs));
    if (!event) refuse(what, "it did not answer");
    return event;
}

std::string Admin::cluster_id() {
    char* id = rd_kafka_clusterid(client_.get(), timeout_ms_);
    if (id == nullptr) refuse("tell its cluster id", "no broker answered");
    std::string text = id;
    rd_kafka_mem_free(client_.get(), id);
    return text;
}

std::vector<Admin::Topic> Admin::topics() {
    const Metadata metadata = metadata_of(client_.get(), nullptr, timeout_ms_);
    std::vector<Topic> all;
    for (int i = 0; i < metadata->topic_cnt; ++i) all.push_back(topic_from(metadata->topics[i]));
    return all;
}

std::optional<Admin::Topic> Admin::topic(const std::string& name) {
    // Asked for by itself a topic would be created by brokers that do so; the list of all creates nothing.
    for (auto& topic : topics())
        if (topic.name == name) return std::move(topic);
    return std::nullopt;
}

std::optional<std::string> Admin::refusal_of(const std::string& name) {
    const TopicHandle topic(rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
    if (!topic) return std::string(rd_kafka_err2str(rd_kafka_last_error()));
    constexpr int kTries = 300;
    std::string refusal;
    for (int attempt = 0; attempt < kTries; ++attempt) {
        const Metadata metadata = metadata_of(client_.get(), topic.get(), timeout_ms_);
        if (metadata->topic_cnt != 1) return std::string("the broker answers nothing");
        const auto error = metadata->topics[0].err;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topics[0].partition_cnt > 0) return std::nullopt;
        refusal = format("{} ({})", rd_kafka_err2name(error), rd_kafka_err2str(error));
        if (error != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE && error != RD_KAFKA_RESP_ERR_NO_ERROR &&
            !(error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && attempt < kTries / 5))
            break;
        rd_kafka_poll(client_.get(), attempt < kTries / 10
                                         ? kRetryMs / 5
                                         : 2 * kRetryMs);  // a topic that is being created has no leader yet
    }
    return refusal;
}

std::optional<std::string> Admin::create(const NewTopicSpec& spec, bool only_check) {
    std::array<char, kReasonBytes> reason{};
    NewTopic wanted(rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication_factor, reason.data(),
                                          reason.size()));
    if (!wanted) return std::string(reason.data());
    for (const auto& [name, value] : spec.settings)
        rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    rd_kafka_NewTopic_t* list[] = {wanted.get()};
    const AdminOptions how = options(RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms_);
    rd_kafka_AdminOptions_set_operation_timeout(how.get(), timeout_ms_, reason.data(), reason.size());
    rd_kafka_AdminOptions_set_validate_only(how.get(), only_check ? 1 : 0, reason.data(), reason.size());
    rd_kafka_CreateTopics(client_.get(), list, 1, how.get(), queue.get());
    const EventHandle event = wait(queue.get(), "create a topic");
    throw_if_failed(event.get(), "create a topic");
    size_t count = 0;
    const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
    const auto error = count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return std::nullopt;
    const char* text = count == 1 ? rd_kafka_topic_result_error_string(results[0]) : nullptr;
    return format("{} ({})", rd_kafka_err2name(error), text != nullptr ? text : rd_kafka_err2str(error));
}

bool Admin::remove(const std::string& name) {
    const std::unique_ptr<rd_kafka_DeleteTopic_t, Destroyer<&rd_kafka_DeleteTopic_destroy>> wanted(
        rd_kafka_DeleteTopic_new(name.c_str()));
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    rd_kafka_DeleteTopic_t* list[] = {wanted.get()};
    rd_kafka_DeleteTopics(client_.get(), list, 1, options(RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout_ms_).get(),
                          queue.get());
    const EventHandle event = wait(queue.get(), "delete a topic");
    throw_if_failed(event.get(), "delete a topic");
    size_t count = 0;
    const auto* results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
    const auto error = count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return false;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) refuse("delete a topic", rd_kafka_err2str(error));
    return true;
}

std::map<std::string, std::string> Admin::settings(const std::string& topic) {
    return describe(RD_KAFKA_RESOURCE_TOPIC, topic);
}

std::optional<std::string> Admin::broker_setting(const std::string& name) {
    const Metadata metadata = metadata_of(client_.get(), nullptr, timeout_ms_);
    if (metadata->broker_cnt == 0) return std::nullopt;
    try {
        const auto all = describe(RD_KAFKA_RESOURCE_BROKER, std::to_string(metadata->brokers[0].id));
        const auto found = all.find(name);
        if (found != all.end()) return found->second;
    } catch (const RetriableError&) {
        return std::nullopt;  // needs DESCRIBE_CONFIGS on the cluster, which few users have
    }
    return std::nullopt;
}

std::map<std::string, std::string> Admin::describe(rd_kafka_ResourceType_t kind, const std::string& name) {
    using Resource = std::unique_ptr<rd_kafka_ConfigResource_t, Destroyer<&rd_kafka_ConfigResource_destroy>>;
    const Resource resource(rd_kafka_ConfigResource_new(kind, name.c_str()));
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    rd_kafka_ConfigResource_t* list[] = {resource.get()};
    rd_kafka_DescribeConfigs(client_.get(), list, 1, options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms_).get(),
                             queue.get());
    const EventHandle event = wait(queue.get(), "describe settings");
    throw_if_failed(event.get(), "describe settings");
    size_t count = 0;
    const auto* found =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    std::map<std::string, std::string> all;
    if (count != 1) return all;
    if (rd_kafka_ConfigResource_error(found[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
        refuse("describe settings", rd_kafka_err2str(rd_kafka_ConfigResource_error(found[0])));
    size_t entries = 0;
    const auto* entry = rd_kafka_ConfigResource_configs(found[0], &entries);
    for (size_t i = 0; i < entries; ++i) {
        const char* value = rd_kafka_ConfigEntry_value(entry[i]);
        all[rd_kafka_ConfigEntry_name(entry[i])] = value != nullptr ? value : "";
    }
    return all;
}

void Admin::alter(const std::string& topic, const std::map<std::string, std::string>& settings) {
    using Resource = std::unique_ptr<rd_kafka_ConfigResource_t, Destroyer<&rd_kafka_ConfigResource_destroy>>;
    const Resource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    for (const auto& [name, value] : settings)
        rd_kafka_error_destroy(rd_kafka_ConfigResource_add_incremental_config(
            resource.get(), name.c_str(), RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value.c_str()));
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    rd_kafka_ConfigResource_t* list[] = {resource.get()};
    rd_kafka_IncrementalAlterConfigs(
        client_.get(), list, 1, options(RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS, timeout_ms_).get(), queue.get());
    const EventHandle event = wait(queue.get(), "change a topic's settings");
    throw_if_failed(event.get(), "change a topic's settings");
    size_t count = 0;
    const auto* results = rd_kafka_IncrementalAlterConfigs_result_resources(
        rd_kafka_event_IncrementalAlterConfigs_result(event.get()), &count);
    if (count == 1 && rd_kafka_ConfigResource_error(results[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
        refuse("change a topic's settings", rd_kafka_ConfigResource_error_string(results[0]));
}

std::vector<int64_t> Admin::offsets(const std::string& topic, int32_t partitions, int64_t spec) {
    const PartitionList wanted(rd_kafka_topic_partition_list_new(partitions));
    for (int32_t partition = 0; partition < partitions; ++partition)
        rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), partition)->offset = spec;
    std::vector<int64_t> found(static_cast<size_t>(partitions), 0);
    const int64_t deadline = steady_ms() + timeout_ms_;
    // Leaders of a topic just made, or of a broker just gone, are known a moment later.
    for (;;) {
        const QueueHandle queue(rd_kafka_queue_new(client_.get()));
        rd_kafka_ListOffsets(client_.get(), wanted.get(), options(RD_KAFKA_ADMIN_OP_LISTOFFSETS, timeout_ms_).get(),
                             queue.get());
        const EventHandle event = wait(queue.get(), "list a topic's offsets");
        auto error = rd_kafka_event_error(event.get());
        size_t count = 0;
        const auto* result = rd_kafka_event_ListOffsets_result(event.get());
        const auto* infos = result != nullptr ? rd_kafka_ListOffsets_result_infos(result, &count) : nullptr;
        for (size_t i = 0; i < count; ++i) {
            const auto* at = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
            if (at->err != RD_KAFKA_RESP_ERR_NO_ERROR) error = at->err;
            found[static_cast<size_t>(at->partition)] = at->offset;
        }
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return found;
        if (steady_ms() >= deadline) refuse("list a topic's offsets", rd_kafka_err2str(error));
        rd_kafka_poll(client_.get(), kRetryMs);
    }
}

std::vector<int64_t> Admin::end_offsets(const std::string& topic, int32_t partitions) {
    return offsets(topic, partitions, RD_KAFKA_OFFSET_SPEC_LATEST);
}

std::vector<int64_t> Admin::begin_offsets(const std::string& topic, int32_t partitions) {
    return offsets(topic, partitions, RD_KAFKA_OFFSET_SPEC_EARLIEST);
}

std::vector<Admin::Member> Admin::group(const std::string& id) {
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    const char* list[] = {id.c_str()};
    rd_kafka_DescribeConsumerGroups(client_.get(), list, 1,
                                    options(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout_ms_).get(), queue.get());
    const EventHandle event = wait(queue.get(), "describe the group");
    throw_if_failed(event.get(), "describe the group");
    size_t count = 0;
    const auto* groups = rd_kafka_DescribeConsumerGroups_result_groups(
        rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
    std::vector<Member> members;
    if (count != 1) return members;
    if (const auto* error = rd_kafka_ConsumerGroupDescription_error(groups[0]);
        error != nullptr && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR)
        refuse("describe the group", rd_kafka_error_string(error));
    for (size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(groups[0]); ++i) {
        const auto* member = rd_kafka_ConsumerGroupDescription_member(groups[0], i);
        members.push_back(
            {rd_kafka_MemberDescription_consumer_id(member), rd_kafka_MemberDescription_client_id(member)});
    }
    return members;
}

}  // namespace millrace::topiclog::kafka
