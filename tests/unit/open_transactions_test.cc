#include "source/postgres/open_transactions.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "source/postgres/pgoutput.h"
#include "source/postgres/slot_watch.h"

namespace millrace::postgres {
namespace {

std::string big(uint64_t value, int bytes) {
    std::string out;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255);
    return out;
}

/// A message of a (sub)transaction in progress.
std::string streamed(char kind, uint32_t subtransaction, const std::string& body) {
    return kind + big(subtransaction, 4) + body;
}

std::vector<std::string> replayed(OpenTransactions& open, uint32_t xid) {
    std::vector<std::string> messages;
    open.replay(xid, [&](const auto& message) {
        messages.emplace_back(message.bytes);
        return true;
    });
    return messages;
}

using Strings = std::vector<std::string>;

TEST(OpenTransactions, KeepsThemApartUntilTheyEnd) {
    OpenTransactions open({});
    open.start(1);
    open.add({10}, streamed('I', 1, "a"));
    open.stop();
    EXPECT_FALSE(open.is_receiving());
    open.start(2);
    open.add({20}, streamed('I', 2, "b"));
    open.stop();
    open.start(1);
    open.add({30}, streamed('U', 1, "c"));
    open.stop();
    EXPECT_EQ(replayed(open, 1), (Strings{"Ia", "Uc"}));
    EXPECT_EQ(replayed(open, 1), Strings{});  // once
    open.abort(2, 2);
    EXPECT_EQ(replayed(open, 2), Strings{});
    EXPECT_EQ(open.memory_bytes(), 0u);
}

TEST(OpenTransactions, LeavesOutWhatWasRolledBackButItsStructures) {
    OpenTransactions open({});
    open.start(1);
    open.add({10}, streamed('I', 1, "a"));
    open.add({11}, streamed('R', 5, "table"));
    open.add({12}, streamed('I', 5, "dropped"));
    open.add({13}, streamed('I', 6, "b"));
    open.stop();
    open.abort(1, 5);
    EXPECT_EQ(replayed(open, 1), (Strings{"Ia", "Rtable", "Ib"}));
}

TEST(OpenTransactions, SpillsAndReadsBackInOrder) {
    OpenTransactions open({.memory_bytes = 1000});
    Strings want;
    for (int i = 0; i < 20'000; ++i) {
        const std::string body = std::to_string(i) + std::string(static_cast<size_t>(i % 200), 'x');
        open.start(1 + i % 2);
        open.add({static_cast<uint64_t>(i + 1)}, streamed('I', 1, body));
        open.stop();
        if (i % 2 == 0) want.push_back("I" + body);
        ASSERT_LE(open.memory_bytes(), 1000u);
    }
    EXPECT_GT(open.spilled_bytes(), 1'000'000);
    EXPECT_EQ(replayed(open, 1), want);
    open.abort(2, 2);
    EXPECT_EQ(open.spilled_bytes(), 0);
}

TEST(OpenTransactions, SaysWhatToDoWhereItCannotSpill) {
    OpenTransactions open({.memory_bytes = 10, .folder = "/nowhere"});
    open.start(1);
    try {
        open.add({10}, streamed('I', 1, "larger than it may be"));
        FAIL();
    } catch (const FatalError& fault) {
        EXPECT_NE(std::string(fault.what()).find("stream.spill.directory"), std::string::npos);
    }
}

TEST(OpenTransactions, RefusesADamagedMessage) {
    OpenTransactions open({});
    open.start(1);
    EXPECT_THROW(open.add({10}, "I12"), FatalError);
}

TEST(Pgoutput, ReadsTransactionsInProgress) {
    Message message;
    Tuple old_row, new_row;
    ASSERT_TRUE(parse_message("S" + big(7, 4) + '\1', message, old_row, new_row));
    EXPECT_EQ(std::get<StreamStart>(message).xid, 7u);
    ASSERT_TRUE(parse_message("E", message, old_row, new_row));
    ASSERT_TRUE(parse_message("A" + big(7, 4) + big(9, 4), message, old_row, new_row));
    EXPECT_EQ(std::get<StreamAbort>(message).subtransaction, 9u);
    const std::string commit = "c" + big(7, 4) + big(0, 1) + big(100, 8) + big(200, 8) + big(0, 8);
    ASSERT_TRUE(parse_message(commit, message, old_row, new_row));
    EXPECT_EQ(std::get<StreamCommit>(message).commit.commit, Lsn{100});
    EXPECT_EQ(std::get<StreamCommit>(message).commit.end, Lsn{200});
    for (size_t cut = 0; cut < commit.size(); ++cut)
        EXPECT_FALSE(parse_message(commit.substr(0, cut), message, old_row, new_row)) << cut;
}

TEST(SlotWatch, TellsWhenTheSlotWillBeLost) {
    const auto left = [](std::optional<int64_t> before, std::optional<int64_t> now, int64_t passed_s = 60) {
        return SlotWatch::seconds_left({0, 0, before}, {passed_s * 1000, 0, now});
    };
    EXPECT_EQ(left(1000, 900), 540);
    EXPECT_EQ(left(1000, 1000), -1);         // nothing is used up
    EXPECT_EQ(left(1000, 1100), -1);         // the connector gains on it
    EXPECT_EQ(left(std::nullopt, 900), -1);  // there was no bound
    EXPECT_EQ(left(1000, std::nullopt), -1);
    EXPECT_EQ(left(1000, 0), 0);
    EXPECT_EQ(left(1000, 900, 0), -1);
}

}  // namespace
}  // namespace millrace::postgres
