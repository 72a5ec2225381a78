#include <gtest/gtest.h>

#include <filesystem>

#include "base/calendar.h"
#include "base/errors.h"
#include "topiclog/sqlite/sqlite_log.h"

namespace millrace::topiclog {
namespace {

class Store : public testing::Test {
  protected:
    void SetUp() override {
        directory_ = std::filesystem::temp_directory_path() / ("millrace-store-" + std::to_string(now_ns()));
        open();
    }
    void TearDown() override {
        log_.reset();
        std::filesystem::remove_all(directory_);
    }
    void open() {
        log_.reset();
        log_ = std::make_unique<SqliteLog>(StoreOptions{directory_.string(), 3'600'000});
    }
    void put(const std::string& topic, const std::string& key, const std::optional<std::string>& value,
             int64_t ts = now_ms()) {
        AppendBatch batch;
        batch.add(topic, &key, value ? &*value : nullptr, ts);
        log_->append(batch);
    }
    std::vector<std::string> values(const std::string& topic) {
        std::vector<std::string> all;
        for_each_record(*log_, topic,
                        [&](const StoredRecord& record) { all.push_back(record.value.value_or("null")); });
        return all;
    }

    std::filesystem::path directory_;
    std::unique_ptr<SqliteLog> log_;
};

TEST_F(Store, KeepsWhatWasAppendedAcrossOpenings) {
    AppendBatch batch;
    const auto prefix = std::make_shared<const std::string>("{\"schema\":1,\"payload\":");
    const auto headers = std::make_shared<const std::string>(encode_headers({{"a", "1"}, {"b", ""}}));
    batch.keep(prefix);
    batch.keep(headers);
    const std::string topic = "t";
    for (int i = 0; i < 5; ++i) {
        AppendBatch::Entry entry;
        entry.slot = batch.slot(topic);
        entry.timestamp_ms = 1000 + i;
        entry.headers = headers.get();
        const size_t start = batch.bytes().size();
        batch.bytes() += std::to_string(i) + "}";
        entry.value = batch.text_from(start, prefix.get());
        batch.add(entry);
    }
    log_->append(batch);
    open();
    const auto records = log_->fetch("t", 0, 0, 1 << 20);
    ASSERT_EQ(records.size(), 5u);
    EXPECT_EQ(records[3].value, "{\"schema\":1,\"payload\":3}");
    EXPECT_EQ(records[3].offset, 3);
    EXPECT_EQ(records[3].timestamp_ms, 1003);
    EXPECT_FALSE(records[3].key);
    EXPECT_EQ(records[3].headers, (Headers{{"a", "1"}, {"b", ""}}));
    EXPECT_EQ(log_->fetch("t", 0, 3, 1 << 20).size(), 2u);
    EXPECT_TRUE(log_->fetch("t", 0, 5, 1 << 20).empty());
    EXPECT_TRUE(log_->fetch("none", 0, 0, 1 << 20).empty());
}

TEST_F(Store, SpreadsKeysAsKafkasProducerDoes) {
    log_->ensure_topic("p", {.partitions = 25});
    // From Kafka's own UtilsTest: murmur2 of "21" is -973932308, of "foobar" -790332482, of "abc" 479470107.
    EXPECT_EQ(partition_of("21", 1000), 340);
    EXPECT_EQ(partition_of("foobar", 1000), 166);
    EXPECT_EQ(partition_of("abc", 1000), 107);
    for (int i = 0; i < 100; ++i) put("p", "key" + std::to_string(i), "v");
    const auto info = log_->topic("p");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->records, 100);
    int used = 0;
    for (const auto next : info->next_offsets) used += next > 0 ? 1 : 0;
    EXPECT_GT(used, 15);
    put("p", "key7", "again");
    for (int32_t partition = 0; partition < 25; ++partition) {
        int seen = 0;
        for (const auto& record : log_->fetch("p", partition, 0, 1 << 20)) seen += record.key == "key7" ? 1 : 0;
        EXPECT_TRUE(seen == 0 || seen == 2);
    }
}

TEST_F(Store, CompactionKeepsTheLastOfEachKeyAndItsOffset) {
    log_->ensure_topic("c", {.compact = true});
    for (int i = 0; i < 300; ++i) put("c", "k" + std::to_string(i % 3), std::to_string(i));
    put("c", "k1", std::nullopt);
    log_->clean_up();
    EXPECT_EQ(values("c"), (std::vector<std::string>{"297", "299"}));
    const auto records = log_->fetch("c", 0, 0, 1 << 20);
    EXPECT_EQ(records[0].offset, 297);
    EXPECT_EQ(records[1].offset, 299);
    put("c", "k9", "new");
    EXPECT_EQ(log_->fetch("c", 0, 300, 1 << 20)[0].offset, 301);
    EXPECT_EQ(log_->topic("c")->records, 302);  // all that were ever written
}

TEST_F(Store, RetentionByTimeAndByBytesDropsTheOldest) {
    log_->ensure_topic("old", {.retention_ms = 1000});
    put("old", "a", "gone", now_ms() - 60'000);
    put("old", "b", "kept");
    log_->ensure_topic("big", {.retention_bytes = 3000});
    uint32_t random = 1;
    for (int i = 0; i < 10; ++i) {
        std::string noise;
        for (int j = 0; j < 1000; ++j) noise += static_cast<char>((random = random * 1664525 + 1013904223) >> 24);
        put("big", "k", noise);
    }
    log_->clean_up();
    EXPECT_EQ(values("old"), std::vector<std::string>{"kept"});
    EXPECT_EQ(log_->topic("old")->first_offsets[0], 1);
    const auto big = log_->topic("big");
    EXPECT_LE(big->bytes, 3000);
    EXPECT_GT(big->first_offsets[0], 0);
    EXPECT_EQ(big->records, 10);
}

TEST_F(Store, ASecondOwnerIsTurnedAwayByName) {
    try {
        SqliteLog second(StoreOptions{directory_.string()});
        FAIL();
    } catch (const EnvironmentError& fault) {
        EXPECT_NE(std::string(fault.what()).find("belongs to the running process " + std::to_string(getpid())),
                  std::string::npos);
    }
}

TEST_F(Store, RemovedTopicsStartAgainAtZero) {
    put("t", "k", "one");
    EXPECT_TRUE(log_->remove_topic("t"));
    EXPECT_FALSE(log_->remove_topic("t"));
    put("t", "k", "two");
    EXPECT_EQ(values("t"), std::vector<std::string>{"two"});
    EXPECT_EQ(log_->topic("t")->records, 1);
}

TEST_F(Store, LargeBatchesAreReadBackInPieces) {
    AppendBatch batch;
    const std::string value(2000, 'v');
    for (int i = 0; i < 5000; ++i) {
        const std::string key = std::to_string(i);
        batch.add("t", &key, &value, 1);
    }
    log_->append(batch);
    int64_t next = 0;
    int fetches = 0;
    while (true) {
        const auto records = log_->fetch("t", 0, next, 100'000);
        if (records.empty()) break;
        EXPECT_EQ(records[0].offset, next);
        EXPECT_LT(records.size(), 60u);
        next = records.back().offset + 1;
        ++fetches;
    }
    EXPECT_EQ(next, 5000);
    EXPECT_GT(fetches, 50);
}

TEST(BatchCodec, DamagedBlobsAreNothing) {
    BatchWriter writer(10, 1000);
    const std::string_view key = "k";
    const std::string_view value = "v";
    writer.add(10, 1000, 0, &key, 0, &value, 0);
    const std::string blob = writer.finish();
    ASSERT_TRUE(read_batch(blob, 10, 1000));
    for (size_t length = 0; length < blob.size(); ++length)
        EXPECT_FALSE(read_batch(blob.substr(0, length), 10, 1000)) << length;
    std::string wrong = blob;
    wrong[0] = 9;
    EXPECT_FALSE(read_batch(wrong, 10, 1000));
}

}  // namespace
}  // namespace millrace::topiclog
