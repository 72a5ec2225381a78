#include <gtest/gtest.h>

#include "base/text.h"
#include "source/binlog/binlog_event.h"
#include "source/binlog/binlog_offset.h"
#include "source/binlog/charset.h"
#include "source/binlog/column_plan.h"
#include "source/binlog/gtid_set.h"
#include "source/binlog/json_binary.h"

namespace millrace::binlog {
namespace {

constexpr const char* kUuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
constexpr const char* kOther = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

TEST(GtidSetTest, ParsesAndPrints) {
    const auto set = GtidSet::parse(
        "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5:7:8-9,\n4e11fa47-71ca-11e1-9e33-c80aa9429562:3:red:1-2");
    ASSERT_TRUE(set);
    EXPECT_EQ(set->text(), format("{}:1-5:7-9,{}:3:red:1-2", kUuid, kOther));
    EXPECT_TRUE(set->contains({kUuid, ""}, 7));
    EXPECT_FALSE(set->contains({kUuid, ""}, 6));
    EXPECT_TRUE(set->contains({kOther, "red"}, 2));
    EXPECT_FALSE(GtidSet::parse("nonsense:1"));
    EXPECT_FALSE(GtidSet::parse(format("{}:5-1", kUuid)));
    EXPECT_FALSE(GtidSet::parse(kUuid));
}

TEST(GtidSetTest, AddingMergesNeighbours) {
    GtidSet set;
    for (const int64_t number : {1, 2, 5, 4, 3, 9}) set.add({kUuid, ""}, number);
    EXPECT_EQ(set.text(), format("{}:1-5:9", kUuid));
    EXPECT_TRUE(set.contains(*GtidSet::parse(format("{}:2-4", kUuid))));
    EXPECT_FALSE(set.contains(*GtidSet::parse(format("{}:4-9", kUuid))));
}

TEST(GtidSetTest, WireFormIsTheServers) {
    GtidSet set;
    set.add({kUuid, ""}, GtidSet::Interval{1, 5});
    EXPECT_EQ(hex(set.wire_bytes()),
              "0100000000000000"
              "3e11fa4771ca11e19e33c80aa9429562"
              "0100000000000000"
              "0100000000000000"
              "0600000000000000");
    set.add({kUuid, "ab"}, 1);
    EXPECT_TRUE(hex(set.wire_bytes()).starts_with("0102000000000001"));
}

TEST(MariaDbGtidTest, ReplacesPerDomain) {
    auto position = MariaDbGtidPosition::parse("0-1-5,1-2-7");
    ASSERT_TRUE(position);
    position->set(0, 3, 6);
    EXPECT_EQ(position->text(), "0-3-6,1-2-7");
    EXPECT_FALSE(MariaDbGtidPosition::parse("0-1"));
}

TEST(BinlogOffsetTest, RoundTripsThroughJson) {
    BinlogOffset offset;
    offset.ts_sec = 17;
    offset.file = "mysql-bin.000003";
    offset.position = 5'000'000'000;
    offset.gtids = format("{}:1-5", kUuid);
    offset.rows_to_skip = 2;
    offset.events_to_skip = 3;
    offset.server_id = 223344;
    offset.prepared_xa["X'61',X'',1"] = "mysql-bin.000002:4";
    const auto again = BinlogOffset::from_json(offset.to_json());
    EXPECT_EQ(again.to_json(), offset.to_json());
    EXPECT_EQ(again.position, 5'000'000'000u);
    EXPECT_EQ(again.prepared_xa, offset.prepared_xa);
    EXPECT_TRUE(BinlogOffset::from_json(R"({"file":"f","pos":4,"snapshot":true})").in_snapshot);
}

TEST(BinlogOffsetTest, OrdersByGtidThenByPlace) {
    const auto at = [](const char* file, uint64_t position, std::string gtids = {}) {
        BinlogOffset offset;
        offset.file = file;
        offset.position = position;
        offset.gtids = std::move(gtids);
        return offset;
    };
    EXPECT_TRUE(is_at_or_before(at("b.999999", 9), at("b.1000000", 4), ddl::Server::MySql));
    EXPECT_FALSE(is_at_or_before(at("b.000002", 9), at("b.000002", 4), ddl::Server::MySql));
    EXPECT_TRUE(is_at_or_before(at("z.9", 9, format("{}:1-3", kUuid)), at("a.1", 4, format("{}:1-4", kUuid)),
                                ddl::Server::MySql));
}

std::string json_of(std::string_view bytes) {
    std::string out;
    return json_binary::append_text(out, bytes) ? out : "damaged";
}

TEST(JsonBinary, ScalarsAndDamage) {
    EXPECT_EQ(json_of(std::string_view("\x04\x01", 2)), "true");
    EXPECT_EQ(json_of(std::string_view("\x05\xff\xff", 3)), "-1");
    EXPECT_EQ(json_of(std::string_view("\x0c\x02hi", 4)), "\"hi\"");
    EXPECT_EQ(json_of(""), "null");
    EXPECT_EQ(json_of(std::string_view("\x0c\x05hi", 4)), "damaged");
    EXPECT_EQ(json_of("\x63"), "damaged");
}

// {"a":1} as the server stores it: count 1, size 12; key entry (offset 11, length 1), value entry (int16 1), "a".
const std::string kObject(
    "\x00\x01\x00\x0c\x00\x0b\x00\x01\x00\x05\x01\x00"
    "a",
    13);

TEST(JsonBinary, Objects) {
    EXPECT_EQ(json_of(kObject), R"({"a":1})");
}

TEST(JsonBinary, DiffsAreApplied) {
    const auto patched = [&](std::string_view diffs) {
        std::string out;
        return json_binary::append_patched_text(out, kObject, diffs) ? out : "damaged";
    };
    EXPECT_EQ(patched(std::string_view("\x00\x03$.a\x03\x05\x07\x00", 9)), R"({"a":7})");  // replace
    EXPECT_EQ(patched(std::string_view("\x01\x04$.bb\x03\x05\x02\x00\x01\x03$.0\x02\x04\x00", 18)),
              R"({"0":null,"a":1,"bb":2})");                       // insert
    EXPECT_EQ(patched(std::string_view("\x02\x03$.a", 5)), "{}");  // remove
    EXPECT_EQ(patched(std::string_view("\x00\x03$.x\x03\x05\x07\x00", 9)), "damaged");
}

TEST(Charset, DecodesWhatMySqlStores) {
    const auto decoded = [](const char* charset, std::string_view bytes) {
        std::string out;
        CharsetDecoder::make(charset)->append_utf8(out, bytes);
        return out;
    };
    EXPECT_EQ(decoded("latin1", "\x80\xe4\x81"), "€ä\xC2\x81");
    EXPECT_EQ(decoded("ucs2", std::string_view("\x00\xc4\x04\x16", 4)), "ÄЖ");
    EXPECT_EQ(decoded("utf16", std::string_view("\xd8\x3d\xde\x00", 4)), "😀");
    EXPECT_EQ(decoded("gbk", "\xba\xba"), "汉");
    EXPECT_EQ(decoded("sjis", "\x8a\xbf"), "漢");
    EXPECT_EQ(decoded("cp1251", "\xc6"), "Ж");
    EXPECT_EQ(CharsetDecoder::make("utf8mb4"), nullptr);
    EXPECT_ANY_THROW(CharsetDecoder::make("klingon"));
    EXPECT_EQ(charset_of_collation("utf8mb4_0900_ai_ci"), "utf8mb4");
    EXPECT_EQ(charset_of_collation("latin1_swedish_ci"), "latin1");
    EXPECT_FALSE(charset_of_collation("uca1400_ai_ci"));
}

TEST(Events, HeadersAndRowsOfDamagedBytesAreNothing) {
    EXPECT_FALSE(parse_header("short"));
    std::string unpacked;
    EXPECT_FALSE(parse_rows(EventType::WriteRows, "\x01\x02", unpacked));
    EXPECT_FALSE(parse_table_map("\x01"));
    EXPECT_FALSE(parse_rotate("\x04"));
    EXPECT_FALSE(parse_transaction_payload("\x01\x01"));
}

TEST(Events, PackedDecimals) {
    const auto text = [](std::string_view bytes, int precision, int scale) {
        std::string out;
        ByteCursor cursor(bytes);
        return append_packed_decimal(out, cursor, precision, scale) ? out : "damaged";
    };
    EXPECT_EQ(text(std::string_view("\x80\x7b\x2d", 3), 6, 2), "123.45");
    EXPECT_EQ(text(std::string_view("\x7f\x84\xd2", 3), 6, 2), "-123.45");
    EXPECT_EQ(text(std::string_view("\x80", 1), 2, 2), "0.00");
    EXPECT_EQ(text("\x80", 20, 2), "damaged");
}

std::string text_value(const char* type, std::optional<int> length, std::optional<int> scale, const char* text,
                       bool optional = true) {
    relational::Table table;
    table.id = {"d", "t"};
    relational::Column column;
    column.name = "c";
    column.type_name = type;
    column.length = length;
    column.scale = scale;
    column.optional = optional;
    ColumnPlan plan(table, column, {}, {"c", {}, {}});
    std::string out;
    plan.append(out, plan.from_text(text, text != nullptr ? strlen(text) : 0));
    return out;
}

TEST(ColumnPlanTest, TextRowsBecomeJson) {
    EXPECT_EQ(text_value("DECIMAL", 10, 2, "-1.50"), "\"/2o=\"");
    EXPECT_EQ(text_value("BIGINT UNSIGNED", {}, {}, "18446744073709551615"), "-1");
    EXPECT_EQ(text_value("DATE", {}, {}, "1582-10-04"), "-141438");
    EXPECT_EQ(text_value("DATE", {}, {}, "0000-00-00"), "null");
    EXPECT_EQ(text_value("DATE", {}, {}, "0000-00-00", false), "0");
    EXPECT_EQ(text_value("TIME", 6, {}, "-838:59:59.000001"), "-3020399000001");
    EXPECT_EQ(text_value("TIMESTAMP", 6, {}, "2024-02-29 01:02:03.500000"), "\"2024-02-29T01:02:03.5Z\"");
    EXPECT_EQ(text_value("FLOAT", 7, 2, "12345.67"), "12345.669921875");
    EXPECT_EQ(text_value("YEAR", {}, {}, "69"), "2069");
    EXPECT_EQ(text_value("INT", {}, {}, nullptr), "null");
    EXPECT_ANY_THROW(text_value("SOMETHING", {}, {}, "1"));
}

}  // namespace
}  // namespace millrace::binlog
