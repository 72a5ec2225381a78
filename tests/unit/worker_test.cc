#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "worker/assignment.h"

namespace millrace::worker {
namespace {

using topiclog::Member;

const Member kA{"a", "http://a"}, kB{"b", "http://b"}, kC{"c", "http://c"};

std::set<std::string> connectors(int count) {
    std::set<std::string> names;
    for (int i = 0; i < count; ++i) names.insert("c" + std::to_string(i));
    return names;
}

const auto kNothingReleased = [](const std::string&, const Assignment::Revocation&) { return false; };
const auto kAllReleased = [](const std::string&, const Assignment::Revocation&) { return true; };

/// Runs the leader until nothing is left to do, everything being released at once.
Assignment settled(Assignment current, const Member& leader, const std::vector<Member>& members, int count) {
    for (int rounds = 0; rounds < 50; ++rounds) {
        const auto next = next_assignment(current, leader, members, connectors(count), kAllReleased);
        if (!next) return current;
        current = *next;
    }
    ADD_FAILURE() << "does not settle";
    return current;
}

std::vector<size_t> sizes(const Assignment& assignment) {
    std::vector<size_t> all;
    for (const auto& [id, share] : assignment.members) all.push_back(share.connectors.size());
    std::sort(all.begin(), all.end());
    return all;
}

TEST(Assignment, SpreadsEvenlyWhateverTheNumbers) {
    for (int count = 0; count < 20; ++count) {
        const auto result = settled({}, kA, {kA, kB, kC}, count);
        const auto all = sizes(result);
        EXPECT_LE(all.back() - all.front(), 1u) << count;
        EXPECT_EQ(all[0] + all[1] + all[2], static_cast<size_t>(count));
    }
}

TEST(Assignment, ANewcomerGetsItsShareAndNoMoreMoves) {
    const auto two = settled({}, kA, {kA, kB}, 12);
    const auto three = settled(two, kA, {kA, kB, kC}, 12);
    EXPECT_EQ(sizes(three), (std::vector<size_t>{4, 4, 4}));
    size_t stayed = 0;
    for (const auto& [id, share] : two.members)
        for (const auto& name : share.connectors) stayed += three.owner_of(name) == id ? 1 : 0;
    EXPECT_EQ(stayed, 8u);
}

TEST(Assignment, WhatMovesIsFirstTakenAwayThenGiven) {
    const auto one = settled({}, kA, {kA}, 4);
    const auto first = next_assignment(one, kA, {kA, kB}, connectors(4), kNothingReleased);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->revoking.size(), 2u);
    for (const auto& [name, revocation] : first->revoking) {
        EXPECT_EQ(first->owner_of(name), "");
        EXPECT_EQ(revocation.member, "a");
        EXPECT_EQ(revocation.revision, first->revision);
    }
    EXPECT_FALSE(next_assignment(*first, kA, {kA, kB}, connectors(4), kNothingReleased));
    const auto second = next_assignment(*first, kA, {kA, kB}, connectors(4), kAllReleased);
    ASSERT_TRUE(second);
    EXPECT_TRUE(second->revoking.empty());
    EXPECT_EQ(second->members.at("b").connectors.size(), 2u);
}

TEST(Assignment, WhatADeadMemberHadGoesAtOnce) {
    const auto three = settled({}, kA, {kA, kB, kC}, 12);
    const auto next = next_assignment(three, kA, {kA, kC}, connectors(12), kNothingReleased);
    ASSERT_TRUE(next);
    EXPECT_TRUE(next->revoking.empty());
    EXPECT_EQ(sizes(*next), (std::vector<size_t>{6, 6}));
    for (const auto& name : three.members.at("a").connectors) EXPECT_EQ(next->owner_of(name), "a");
    // One that died while it was to stop something counts as having stopped it.
    const auto revoking =
        next_assignment(settled({}, kA, {kA, kB}, 4), kA, {kA, kB, kC}, connectors(4), kNothingReleased);
    ASSERT_TRUE(revoking);
    ASSERT_EQ(revoking->revoking.size(), 1u);
    const std::string slow = revoking->revoking.begin()->second.member;
    const auto alive = slow == "a" ? std::vector<Member>{kB, kC} : std::vector<Member>{kA, kC};
    const auto after = next_assignment(*revoking, alive[1], alive, connectors(4), kNothingReleased);
    ASSERT_TRUE(after);
    EXPECT_TRUE(after->revoking.empty());
}

TEST(Assignment, ALeaderThatWasReplacedCountsForNothing) {
    const auto old = settled({}, kA, {kA, kB}, 4);
    const auto from_b = next_assignment(old, kB, {kA, kB}, connectors(4), kNothingReleased);
    ASSERT_TRUE(from_b);
    EXPECT_TRUE(from_b->supersedes(old));
    EXPECT_EQ(from_b->epoch, old.epoch + 1);
    // A, frozen meanwhile, goes on from what it knew.
    const auto from_a = next_assignment(old, kA, {kA}, connectors(4), kNothingReleased);
    ASSERT_TRUE(from_a);
    EXPECT_FALSE(from_a->supersedes(*from_b));
    // Of two that take the same epoch the first in the topic counts.
    const auto from_c = next_assignment(old, kC, {kB, kC}, connectors(4), kNothingReleased);
    ASSERT_TRUE(from_c);
    EXPECT_FALSE(from_c->supersedes(*from_b));
}

TEST(Assignment, ReadsWhatItWrote) {
    const auto made = next_assignment(settled({}, kA, {kA}, 3), kA, {kA, kB}, connectors(3), kNothingReleased);
    ASSERT_TRUE(made);
    const auto read = Assignment::from_json(made->to_json());
    ASSERT_TRUE(read);
    EXPECT_EQ(to_text(read->to_json()), to_text(made->to_json()));
    EXPECT_FALSE(Assignment::from_json(Json::parse(R"({"epoch":1})")));
    EXPECT_FALSE(Assignment::from_json(Json::parse("[]")));
}

}  // namespace
}  // namespace millrace::worker
