#include <gtest/gtest.h>

#include "base/errors.h"
#include "config/property_table.h"
#include "config/settings.h"
#include "relational/filters.h"
#include "source/binlog/databases.h"
#include "source/mariadb/mariadb_config.h"
#include "source/mysql/mysql_config.h"

namespace millrace {
namespace {

using config::Settings;

Settings given(std::map<std::string, std::string> values) {
    return Settings(std::move(values));
}

TEST(Properties, ReadJavasFormat) {
    const auto values = config::parse_properties(
        "# comment\n! too\na=1\n b : two words \nc\\=d=e\\\n   f\numl=\\u00fc\nempty=\nblank "
        "value\nurl=http://x:1=y\n");
    EXPECT_EQ(values.at("a"), "1");
    EXPECT_EQ(values.at("b"), "two words ");
    EXPECT_EQ(values.at("c=d"), "ef");
    EXPECT_EQ(values.at("uml"), "ü");
    EXPECT_EQ(values.at("empty"), "");
    EXPECT_EQ(values.at("blank"), "value");
    EXPECT_EQ(values.at("url"), "http://x:1=y");
}

std::vector<config::Problem> problems(std::map<std::string, std::string> more) {
    std::map<std::string, std::string> base = {{"topic.prefix", "p"},
                                               {"database.hostname", "h"},
                                               {"database.user", "u"},
                                               {"database.server.id", "1"},
                                               {"schema.history.internal.kafka.topic", "t"}};
    base.merge(more);
    return mysql::property_table().check(Settings(base));
}

TEST(PropertyTable, DefaultsAndWorkingValuesPass) {
    EXPECT_TRUE(problems({}).empty());
    EXPECT_TRUE(problems({{"snapshot.mode", "no_data"},
                          {"decimal.handling.mode", "string"},
                          {"database.jdbc.driver", "x"},
                          {"heartbeat.interval.ms", "1000"}})
                    .empty());
}

TEST(PropertyTable, RequiredValuesAreMissed) {
    const auto found = mysql::property_table().check(given({}));
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0].message, "The 'topic.prefix' value is invalid: A value is required");
}

TEST(PropertyTable, WrongTypesAndWordsAreRefused) {
    EXPECT_EQ(problems({{"database.port", "x"}})[0].property, "database.port");
    EXPECT_EQ(problems({{"decimal.handling.mode", "exact"}})[0].message,
              "The 'decimal.handling.mode' value is invalid: Value must be one of string, double, precise");
}

TEST(PropertyTable, MisspeltNamesGetTheNearest) {
    constexpr std::string_view kSpaces[] = {"table."};
    const auto notices = mysql::property_table().notices(given({{"table.includ.list", "x"}}), kSpaces);
    ASSERT_EQ(notices.size(), 1u);
    EXPECT_NE(notices[0].find("did you mean 'table.include.list'"), std::string::npos);
}

TEST(PropertyTable, NamesAreUnique) {
    for (const auto* table : {&mysql::property_table(), &mariadb::property_table()}) {
        std::map<std::string_view, int> seen;
        for (const auto& property : table->properties()) EXPECT_EQ(++seen[property.name], 1) << property.name;
    }
}

TEST(Filters, ExpressionsAreAnchoredAndIgnoreCase) {
    const relational::Filters filters(
        given({{"database.include.list", "inv.*"}, {"table.exclude.list", "inventory[.]secret,.*[.]tmp_.*"}}),
        binlog::kDatabases);
    EXPECT_TRUE(filters.captures({"inventory", "a"}));
    EXPECT_TRUE(filters.captures({"INVENTORY", "a"}));
    EXPECT_FALSE(filters.captures({"my_inventory", "a"}));
    EXPECT_FALSE(filters.captures({"inventory", "Secret"}));
    EXPECT_FALSE(filters.captures({"inventory", "tmp_1"}));
    EXPECT_FALSE(relational::Filters(given({}), binlog::kDatabases).captures({"mysql", "user"}));
}

TEST(Filters, BadExpressionsNameTheirProperty) {
    try {
        relational::Filters filters(given({{"table.include.list", "a("}}), binlog::kDatabases);
        FAIL();
    } catch (const ConfigError& fault) {
        EXPECT_EQ(fault.property(), "table.include.list");
    }
    EXPECT_THROW(
        relational::Filters(given({{"table.include.list", "a"}, {"table.exclude.list", "b"}}), binlog::kDatabases),
        ConfigError);
}

TEST(Filters, SnapshotsFollowTheIncludeListsOrder) {
    const relational::Filters filters(given({{"table.include.list", "d.z,d.a.*"}}), binlog::kDatabases);
    std::vector<relational::TableId> tables = {{"d", "a2"}, {"d", "a1"}, {"d", "z"}};
    filters.sort_for_snapshot(tables);
    EXPECT_EQ(tables, (std::vector<relational::TableId>{{"d", "z"}, {"d", "a1"}, {"d", "a2"}}));
}

}  // namespace
}  // namespace millrace
