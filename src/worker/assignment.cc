#include "worker/assignment.h"

#include <algorithm>

#include "base/json.h"

namespace millrace::worker {
namespace {

using Shares = std::map<std::string, Assignment::Share>;

Shares::iterator smallest(Shares& shares) {
    return std::min_element(shares.begin(), shares.end(), [](const auto& a, const auto& b) {
        return a.second.connectors.size() < b.second.connectors.size();
    });
}

Shares::iterator largest(Shares& shares) {
    return std::max_element(shares.begin(), shares.end(), [](const auto& a, const auto& b) {
        return a.second.connectors.size() < b.second.connectors.size();
    });
}

bool same(const Assignment& a, const Assignment& b) {
    const auto equal_shares = std::equal(
        a.members.begin(), a.members.end(), b.members.begin(), b.members.end(), [](const auto& x, const auto& y) {
            return x.first == y.first && x.second.url == y.second.url && x.second.connectors == y.second.connectors;
        });
    const auto equal_revoking = std::equal(
        a.revoking.begin(), a.revoking.end(), b.revoking.begin(), b.revoking.end(),
        [](const auto& x, const auto& y) { return x.first == y.first && x.second.member == y.second.member; });
    return a.leader == b.leader && equal_shares && equal_revoking;
}

}  // namespace

std::string Assignment::owner_of(const std::string& connector) const {
    for (const auto& [id, share] : members)
        if (share.connectors.contains(connector)) return id;
    return {};
}

bool Assignment::supersedes(const Assignment& other) const {
    if (epoch != other.epoch) return epoch > other.epoch;
    return leader == other.leader && revision > other.revision;
}

Json Assignment::to_json() const {
    Json json;
    json["epoch"] = epoch;
    json["revision"] = revision;
    json["leader"] = {{"id", leader.id}, {"url", leader.url}};
    json["members"] = Json::object();
    for (const auto& [id, share] : members)
        json["members"][id] = {{"url", share.url}, {"connectors", share.connectors}};
    json["revoking"] = Json::object();
    for (const auto& [connector, revocation] : revoking)
        json["revoking"][connector] = {{"member", revocation.member}, {"revision", revocation.revision}};
    return json;
}

std::optional<Assignment> Assignment::from_json(const Json& json) {
    try {
        Assignment read;
        read.epoch = json.at("epoch").get<int64_t>();
        read.revision = json.at("revision").get<int64_t>();
        read.leader = {json.at("leader").at("id").get<std::string>(), json.at("leader").at("url").get<std::string>()};
        for (const auto& [id, share] : json.at("members").items())
            read.members[id] = {share.at("url").get<std::string>(),
                                share.at("connectors").get<std::set<std::string>>()};
        for (const auto& [connector, revocation] : json.at("revoking").items())
            read.revoking[connector] = {revocation.at("member").get<std::string>(),
                                        revocation.at("revision").get<int64_t>()};
        return read;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

std::optional<Assignment> next_assignment(
    const Assignment& current, const topiclog::Member& leader, const std::vector<topiclog::Member>& members,
    const std::set<std::string>& connectors,
    const std::function<bool(const std::string&, const Assignment::Revocation&)>& is_released) {
    Assignment next;
    next.leader = leader;
    next.epoch = current.leader == leader ? current.epoch : current.epoch + 1;
    next.revision = current.revision + 1;
    std::set<std::string> homeless = connectors;
    for (const auto& member : members) {
        auto& share = next.members[member.id];
        share.url = member.url;
        const auto had = current.members.find(member.id);
        if (had == current.members.end()) continue;
        for (const auto& connector : had->second.connectors)
            if (homeless.erase(connector) != 0) share.connectors.insert(connector);
    }
    if (next.members.empty()) return std::nullopt;
    for (const auto& [connector, revocation] : current.revoking) {
        const bool stopped = !next.members.contains(revocation.member) || is_released(connector, revocation);
        if (stopped || !connectors.contains(connector)) continue;
        next.revoking[connector] = revocation;
        homeless.erase(connector);
    }
    for (const auto& connector : homeless) smallest(next.members)->second.connectors.insert(connector);
    // Those under way to somebody count for the smallest, so that no more are revoked than needed.
    for (size_t on_their_way = next.revoking.size();;) {
        const auto most = largest(next.members);
        const auto least = smallest(next.members);
        const size_t gap = most->second.connectors.size() - least->second.connectors.size();
        if (gap < 2 || gap < 2 + on_their_way) break;
        const std::string moved = *most->second.connectors.rbegin();
        most->second.connectors.erase(moved);
        next.revoking[moved] = {most->first, next.revision};
        ++on_their_way;
    }
    if (same(current, next)) return std::nullopt;
    return next;
}

}  // namespace millrace::worker
