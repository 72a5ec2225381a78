#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace millrace::topiclog {

/// How a worker joins the others that share its log.
struct MembershipOptions {
    std::string group_id;
    std::string url;    ///< Where the others reach this worker's REST API.
    std::string topic;  ///< Of one partition; whoever is given it is the leader.
    int64_t session_timeout_ms = 10'000;
    int64_t heartbeat_interval_ms = 3'000;
    int64_t rebalance_timeout_ms = 60'000;
};

struct Member {
    std::string id;  ///< Of one process' life.
    std::string url;
    bool operator==(const Member&) const = default;
};

/// A worker's place among those that share its log. Safe from any thread.
class Membership {
  public:
    virtual ~Membership() = default;
    /// Whether there can be others at all.
    virtual bool is_shared() const = 0;
    /// This worker's id; empty while it is in no group.
    virtual std::string member_id() = 0;
    virtual bool is_leader() = 0;
    /// Whether this worker's session cannot have ended yet, by its own clock: as long as that is so nobody else was
    /// given its work.
    virtual bool may_work() = 0;
    /// Asks the cluster; nothing while it knows of none. Throws RetriableError.
    virtual std::optional<std::vector<Member>> members() = 0;
    /// Why this worker can never join, if so.
    virtual std::optional<std::string> refusal() = 0;
    /// Leaves the group at once; the others take over.
    virtual void leave() = 0;
};

}  // namespace millrace::topiclog
