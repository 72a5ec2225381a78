#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "topiclog/membership.h"

namespace millrace::worker {

/// Which worker runs which connector (and its task). The leader writes it to the config topic; all act on the last one.
/// A leader takes the epoch after the last one it saw, so that what a leader writes that was replaced meanwhile counts
/// for nothing: see supersedes().
struct Assignment {
    int64_t epoch = 0;
    int64_t revision = 0;  ///< Grows with every assignment written, whoever wrote it.
    topiclog::Member leader;
    struct Share {
        std::string url;
        std::set<std::string> connectors;
    };
    std::map<std::string, Share> members;  ///< By member id.
    /// Connectors that a member must stop before another may have them, with that member's id and since which revision.
    struct Revocation {
        std::string member;
        int64_t revision = 0;
    };
    std::map<std::string, Revocation> revoking;

    /// The id of the member that has the connector; empty if none.
    std::string owner_of(const std::string& connector) const;
    bool supersedes(const Assignment& other) const;
    Json to_json() const;
    static std::optional<Assignment> from_json(const Json& json);
};

/// The assignment after `current`, written by `leader`, a member: every connector has one owner, counts differ by at
/// most one, and as few as possible move. One that moves away from a living member is first revoked; it is given away
/// once `is_released(connector, revocation)` or its member is gone. Nothing if nothing is to change.
std::optional<Assignment> next_assignment(
    const Assignment& current, const topiclog::Member& leader, const std::vector<topiclog::Member>& members,
    const std::set<std::string>& connectors,
    const std::function<bool(const std::string&, const Assignment::Revocation&)>& is_released);

}  // namespace millrace::worker
