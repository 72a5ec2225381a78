#include "topiclog/kafka/kafka_membership.h"

#include <pthread.h>

#include <algorithm>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "topiclog/kafka/client_config.h"

namespace millrace::topiclog::kafka {
namespace {

constexpr const char* kLogger = "group";
constexpr int kPollMs = 100;
/// A client id of ours: this, then the URL.
constexpr std::string_view kClientPrefix = "millrace-";
/// The clocks of two machines drift apart by far less than this within a session.
constexpr int64_t kMarginMs = 500;
/// How long the members of a Kafka Connect group may take to be gone: more than the longest usual session.timeout.ms.
constexpr int64_t kForeignGroupMs = 60'000;

}  // namespace

KafkaMembership::KafkaMembership(Admin& admin, ConfHandle conf, MembershipOptions options)
    : admin_(admin), options_(std::move(options)) {
    const auto put = [&](const char* name, const std::string& value, const char* shown) {
        set(conf.get(), name, value, shown);
    };
    put("group.id", options_.group_id, "group.id");
    put("client.id", std::string(kClientPrefix) + options_.url, "rest.advertised.host.name");
    put("session.timeout.ms", std::to_string(options_.session_timeout_ms), "session.timeout.ms");
    put("heartbeat.interval.ms", std::to_string(options_.heartbeat_interval_ms), "heartbeat.interval.ms");
    put("max.poll.interval.ms", std::to_string(std::max(options_.rebalance_timeout_ms, options_.session_timeout_ms)),
        "rebalance.timeout.ms");
    put("partition.assignment.strategy", "cooperative-sticky", "group.id");  // a leader stays when others come
    put("enable.auto.commit", "false", "group.id");
    put("statistics.interval.ms", std::to_string(std::max<int64_t>(100, options_.heartbeat_interval_ms / 4)),
        "heartbeat.interval.ms");
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(
        conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions, void* self) {
            static_cast<KafkaMembership*>(self)->rebalance(what, partitions);
        });
    rd_kafka_conf_set_stats_cb(conf.get(), [](rd_kafka_t*, char* json, size_t length, void* self) {
        static_cast<KafkaMembership*>(self)->note_statistics(std::string(json, length));
        return 0;
    });
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int error, const char* reason, void* self) {
        static_cast<KafkaMembership*>(self)->note_error(static_cast<rd_kafka_resp_err_t>(error), reason);
    });
    quiet_ms_ = steady_ms();  // whatever is asked of a coordinator is asked from now on
    client_ = make_client(RD_KAFKA_CONSUMER, std::move(conf));
    rd_kafka_poll_set_consumer(client_.get());
    const PartitionList topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    if (const auto error = rd_kafka_subscribe(client_.get(), topics.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw RetriableError(format("The group {} cannot be joined: {}", options_.group_id, rd_kafka_err2str(error)));
    log::info(kLogger, format("Joining group {} as {}", options_.group_id, options_.url));
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

KafkaMembership::~KafkaMembership() {
    leave();
}

void KafkaMembership::leave() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
    owns_partition_ = false;
    alive_since_ms_ = 0;
    rd_kafka_consumer_close(client_.get());
    log::info(kLogger, format("Left group {}", options_.group_id));
}

void KafkaMembership::run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "group");
    while (!stop.stop_requested()) {
        const MessageHandle message(rd_kafka_consumer_poll(client_.get(), kPollMs));
        if (message && message->err != RD_KAFKA_RESP_ERR_NO_ERROR && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
            note_error(message->err, rd_kafka_message_errstr(message.get()));
    }
}

void KafkaMembership::rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions) {
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        // Its records are read elsewhere; being given it is what counts.
        for (int i = 0; i < partitions->cnt; ++i) partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
        ErrorHandle(rd_kafka_incremental_assign(client_.get(), partitions));
        rd_kafka_pause_partitions(client_.get(), partitions);
        owns_partition_ = owns_partition_ || partitions->cnt > 0;
        log::info(kLogger, format("Joined group {} as member {}{}", options_.group_id, member_id(),
                                  owns_partition_ ? "; this worker is the leader" : ""));
        return;
    }
    if (partitions->cnt > 0) {
        owns_partition_ = false;
        log::info(kLogger, format("This worker is the leader of group {} no longer", options_.group_id));
    }
    ErrorHandle(rd_kafka_incremental_unassign(client_.get(), partitions));
}

/// The broker named "GroupCoordinator" is the connection that joins, heartbeats and nothing else go through.
void KafkaMembership::note_statistics(const std::string& json) {
    const int64_t now = steady_ms();
    const auto statistics = parse_json(json);
    if (!statistics || !statistics->contains("brokers")) return;
    // An answer that threw this member out proves nothing; it joins anew then.
    if (!statistics->contains("cgrp") || (*statistics)["cgrp"].value("join_state", "") != "steady") return;
    for (const auto& [name, broker] : (*statistics)["brokers"].items()) {
        if (!name.starts_with("GroupCoordinator")) continue;
        const int64_t answers = broker.value("rx", int64_t{0});
        const int64_t under_way = broker.value("waitresp_cnt", int64_t{0}) + broker.value("outbuf_cnt", int64_t{0});
        // What was answered since was sent after the last moment at which nothing was under way.
        if (answers > answers_ && quiet_ms_ != 0) alive_since_ms_ = quiet_ms_;
        answers_ = answers;
        if (under_way == 0) quiet_ms_ = now;
    }
}

void KafkaMembership::note_error(rd_kafka_resp_err_t error, const char* reason) {
    if (error == RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL) {
        const std::string text = format(
            "The group.id {} is in use by a group of another kind, most likely by a Kafka Connect cluster that still "
            "runs: stop all its workers first, so that no connector runs twice (or give Millrace another group.id)",
            options_.group_id);
        const int64_t now = steady_ms();
        if (first_refused_ms_ == 0) {
            first_refused_ms_ = now;
            log::warn(
                kLogger,
                format("{}. A worker of it that was killed counts for a session's length; this is waited for", text));
        }
        if (now - first_refused_ms_ < kForeignGroupMs) return;
        const std::lock_guard lock(mutex_);
        refusal_ = text;
    } else if (error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
        log::error(kLogger, format("Kafka does not let this worker into group {}: grant its user READ on the group",
                                   options_.group_id));
    } else if (error != RD_KAFKA_RESP_ERR__TRANSPORT) {
        log::debug(kLogger, reason);
    }
}

std::string KafkaMembership::member_id() {
    char* id = rd_kafka_memberid(client_.get());
    if (id == nullptr) return {};
    std::string text = id;
    rd_kafka_mem_free(client_.get(), id);
    return text;
}

bool KafkaMembership::may_work() {
    const int64_t since = alive_since_ms_;
    return since != 0 && steady_ms() < since + options_.session_timeout_ms - kMarginMs;
}

std::optional<std::vector<Member>> KafkaMembership::members() {
    // Who is listed while the group is put together anew is alive, and who is not listed is gone: no need to wait.
    const auto group = admin_.group(options_.group_id);
    if (group.empty()) return std::nullopt;
    std::vector<Member> all;
    for (const auto& member : group) {
        const std::string_view client = member.client_id;
        all.push_back(
            {member.id, std::string(client.starts_with(kClientPrefix) ? client.substr(kClientPrefix.size()) : client)});
    }
    return all;
}

std::optional<std::string> KafkaMembership::refusal() {
    const std::lock_guard lock(mutex_);
    return refusal_;
}

}  // namespace millrace::topiclog::kafka
