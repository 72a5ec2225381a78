#include <gtest/gtest.h>

#include "base/text.h"
#include "source/postgres/default_value.h"
#include "source/postgres/pgoutput.h"
#include "source/postgres/postgres_offset.h"
#include "source/postgres/temporal_text.h"
#include "source/postgres/text_format.h"
#include "source/postgres/value_form.h"

namespace millrace::postgres {
namespace {

std::string big(uint64_t value, int bytes) {
    std::string out;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255);
    return out;
}

std::string text_column(std::string_view text) {
    return "t" + big(text.size(), 4) + std::string(text);
}

TEST(Pgoutput, ReadsARelation) {
    std::string bytes = "R" + big(7, 4) + "inventory";
    bytes += '\0';
    bytes += "customers";
    bytes += '\0';
    bytes += "f" + big(1, 2) + "\x01" + "id";
    bytes += '\0';
    bytes += big(oid::kInt4, 4) + big(0xFFFFFFFF, 4);
    Message message;
    Tuple old_row, new_row;
    ASSERT_TRUE(parse_message(bytes, message, old_row, new_row));
    const auto& relation = std::get<Relation>(message);
    EXPECT_EQ(relation.schema, "inventory");
    EXPECT_EQ(relation.table, "customers");
    EXPECT_EQ(relation.identity, 'f');
    ASSERT_EQ(relation.columns.size(), 1u);
    EXPECT_EQ(relation.columns[0].name, "id");
    EXPECT_TRUE(relation.columns[0].is_key);
    EXPECT_EQ(relation.columns[0].modifier, -1);
    for (size_t cut = 0; cut < bytes.size(); ++cut)
        EXPECT_FALSE(parse_message(bytes.substr(0, cut), message, old_row, new_row)) << cut;
}

TEST(Pgoutput, TellsWhatAnUpdateKnowsOfTheOldRow) {
    const std::string row = big(2, 2) + text_column("1") + "u";
    Message message;
    Tuple old_row, new_row;
    const std::string plain = "U" + big(7, 4) + "N" + row;
    ASSERT_TRUE(parse_message(plain, message, old_row, new_row));
    EXPECT_EQ(std::get<Update>(message).old_kind, '\0');
    EXPECT_EQ(new_row.at(0).text, "1");
    EXPECT_EQ(new_row.at(1).state, TupleValue::State::Unchanged);
    const std::string key = big(2, 2) + text_column("0") + "n";
    const std::string keyed = "U" + big(7, 4) + "K" + key + "N" + row;
    ASSERT_TRUE(parse_message(keyed, message, old_row, new_row));
    EXPECT_EQ(std::get<Update>(message).old_kind, 'K');
    EXPECT_EQ(old_row.at(0).text, "0");
    EXPECT_EQ(old_row.at(1).state, TupleValue::State::Null);
    EXPECT_FALSE(parse_message("?", message, old_row, new_row));
}

TEST(TemporalText, CountsFromTheEpoch) {
    using namespace temporal_text;
    EXPECT_EQ(days_from("1970-01-02"), 1);
    EXPECT_EQ(days_from("0044-03-15 BC"), -735160);
    EXPECT_EQ(micros_from("1969-12-31 23:59:59.999999"), -1);
    EXPECT_EQ(micros_from("2024-02-29 13:14:15.5+00"), 1709212455500000);
    EXPECT_EQ(micros_from("infinity"), 9223372036825200000);
    EXPECT_EQ(time_from("24:00:00"), 86400000000);
    EXPECT_EQ(utc_time_from("12:00:00+14"), 79200000000);
    EXPECT_EQ(utc_time_from("23:59:59.999999-11:30"), 41399999999);
    EXPECT_THROW(days_from("tomorrow"), UnreadableValue);
    EXPECT_THROW(micros_from("2024-02-29"), UnreadableValue);
}

TEST(TemporalText, ReadsIntervals) {
    const auto interval = temporal_text::interval_from("1 year 2 mons -3 days +04:05:06.789");
    EXPECT_EQ(interval.years, 1);
    EXPECT_EQ(interval.months, 2);
    EXPECT_EQ(interval.days, -3);
    EXPECT_EQ(interval.hours, 4);
    EXPECT_EQ(interval.micros, 6789000);
    EXPECT_EQ(temporal_text::interval_from("-00:00:00.5").duration_micros(), -500000);
    EXPECT_THROW(temporal_text::interval_from("3 fortnights"), UnreadableValue);
}

std::string array_json(std::string_view text) {
    ValueForm element;
    element.kind = ValueForm::Kind::Text;
    ValueForm form;
    form.kind = ValueForm::Kind::Array;
    form.element = std::make_shared<const ValueForm>(element);
    std::string out;
    append_value(out, form, text, false);
    return out;
}

TEST(TextFormat, ReadsArrays) {
    EXPECT_EQ(array_json("{}"), "[]");
    EXPECT_EQ(array_json(R"({a,"b,\"c",NULL,"NULL",""})"), R"(["a","b,\"c",null,"NULL",""])");
    EXPECT_EQ(array_json("{{1,2},{3,4}}"), R"([["1","2"],["3","4"]])");
    EXPECT_EQ(array_json("[0:1]={x,y}"), R"(["x","y"])");
    for (const char* damaged : {"", "{", "{a", "{\"a}", "a}", "{a}b", "[0:1]"})
        EXPECT_THROW(array_json(damaged), UnreadableValue) << damaged;
}

TEST(TextFormat, ReadsHstore) {
    const auto entries = text_format::parse_hstore(R"("a"=>"1", "q\"d"=>NULL)");
    ASSERT_TRUE(entries);
    EXPECT_EQ((*entries)[0].second, "1");
    EXPECT_EQ((*entries)[1].first, "q\"d");
    EXPECT_FALSE((*entries)[1].second);
    EXPECT_FALSE(text_format::parse_hstore("a=>1"));
}

TEST(Lsn, PrintsAndReads) {
    EXPECT_EQ((Lsn{0x16B374D848}).text(), "16/B374D848");
    EXPECT_EQ(Lsn::from_text("16/B374D848")->value, 0x16B374D848u);
    EXPECT_FALSE(Lsn::from_text("16"));
    EXPECT_FALSE(Lsn::from_text("16/xyz"));
}

TEST(PostgresOffset, CarriesWhereTablesWereRead) {
    PostgresOffset offset;
    offset.lsn = offset.last_commit = Lsn{100};
    offset.read_at["public.a table with a long name"] = {12'345'678};
    offset.read_at["public.b"] = {2};
    offset.passed = {150};
    const auto again = PostgresOffset::from_json(offset.to_json());
    EXPECT_EQ(again.read_at, offset.read_at);
    EXPECT_EQ(again.resume_from(), Lsn{150});
}

TEST(PostgresOffset, IsDebeziums) {
    const std::string theirs =
        R"({"lsn_proc":29426176,"messageType":"COMMIT","lsn_commit":29426176,"lsn":29426176,"txId":777,"ts_usec":17952})";
    const auto offset = PostgresOffset::from_json(theirs);
    EXPECT_EQ(offset.resume_from().value, 29426176u);
    EXPECT_EQ(offset.to_json(), theirs);
    EXPECT_TRUE(
        PostgresOffset::from_json(R"({"lsn":5,"snapshot":"INITIAL","last_snapshot_record":false})").in_snapshot);
    EXPECT_FALSE(
        PostgresOffset::from_json(R"({"lsn":5,"snapshot":"INITIAL","last_snapshot_record":true})").in_snapshot);
    EXPECT_THROW(PostgresOffset::from_json(R"({"file":"mysql-bin.000001","pos":4})"), FatalError);
}

TEST(DefaultValue, IsALiteralOrAPlaceholder) {
    ValueForm integer;
    integer.kind = ValueForm::Kind::Integer;
    PgType type;
    type.oid = oid::kInt4;
    const auto of = [&](const char* expression) {
        relational::Column column;
        column.type_name = "int4";
        column.default_expression = expression;
        return default_json(column, type, integer);
    };
    EXPECT_EQ(of("42"), "42");
    EXPECT_EQ(of("'-5'::integer"), "-5");
    EXPECT_EQ(of("nextval('t_id_seq'::regclass)"), "0");
    EXPECT_EQ(of("(2 + 3)"), std::nullopt);
    EXPECT_EQ(of("NULL::integer"), std::nullopt);
}

}  // namespace
}  // namespace millrace::postgres
