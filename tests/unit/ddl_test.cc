#include <gtest/gtest.h>

#include "source/binlog/ddl/ddl_parser.h"

namespace millrace::binlog::ddl {
namespace {

using relational::Column;
using relational::Table;
using relational::TableId;

class Ddl : public testing::Test {
  protected:
    DdlResult run(std::string_view statement) { return apply_ddl(catalog_, statement, context_); }
    const Table& table(const std::string& name) { return catalog_.tables.at({"d", name}); }
    const Column& column(const std::string& name) { return *table("t").find(name); }
    std::string columns(const std::string& name = "t") {
        std::string out;
        for (const auto& c : table(name).columns) out += (out.empty() ? "" : ",") + c.name;
        return out;
    }

    Catalog catalog_;
    DdlContext context_{Server::MySql, "d", 0, true};
};

TEST_F(Ddl, ColumnTypes) {
    const auto result = run(R"(CREATE TABLE t (
        a INT(11) UNSIGNED ZEROFILL, b DECIMAL, c NUMERIC(5,1), d FLOAT(7,3), e DOUBLE PRECISION, f BIT, g ENUM('x','it''s','a,b') CHARACTER SET latin1,
        h SET('p','q','r'), i NATIONAL CHARACTER VARYING(9), j CHAR(3) CHARACTER SET binary, k SERIAL, l TIMESTAMP(3) NULL, m LONG VARBINARY, n BOOLEAN,
        o VARCHAR(5) COLLATE utf8mb3_bin, p GEOMETRY NOT NULL SRID 4326, q JSON, r VECTOR(3), s TEXT))");
    ASSERT_FALSE(result.problem) << *result.problem;
    EXPECT_EQ(column("a").type_name, "INT UNSIGNED ZEROFILL");
    EXPECT_EQ(column("a").length, 11);
    EXPECT_EQ(column("b").length, 10);
    EXPECT_EQ(column("b").scale, 0);
    EXPECT_EQ(column("d").scale, 3);
    EXPECT_EQ(column("e").type_name, "DOUBLE PRECISION");
    EXPECT_EQ(column("f").length, 1);
    EXPECT_EQ(column("g").charset, "latin1");
    EXPECT_EQ(column("g").enum_values, (std::vector<std::string>{"'x'", "'it''s'", "'a,b'"}));
    EXPECT_EQ(column("h").length, 5);
    EXPECT_EQ(column("i").charset, "utf8mb3");
    EXPECT_EQ(column("j").type_name, "BINARY");
    EXPECT_EQ(column("k").type_name, "BIGINT UNSIGNED");
    EXPECT_FALSE(column("k").optional);
    EXPECT_TRUE(column("k").auto_incremented);
    EXPECT_EQ(column("o").charset, "utf8mb3");
    EXPECT_EQ(column("s").charset, "utf8mb4");
    EXPECT_EQ(table("t").primary_key, std::vector<std::string>{"k"});  // the unique NOT NULL column
}

TEST_F(Ddl, Defaults) {
    ASSERT_FALSE(
        run(R"(CREATE TABLE t (a INT DEFAULT -3, b VARCHAR(9) DEFAULT 'it''s', c BIT(4) DEFAULT b'1010', d DATETIME DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE NOW(3),
        e INT DEFAULT (1+2*(3)), f INT NOT NULL, g INT DEFAULT NULL, h BIGINT DEFAULT nextval(`d`.`s`), i INT, j TEXT DEFAULT _utf8mb4'x', k BOOL DEFAULT TRUE))")
            .problem);
    EXPECT_EQ(column("a").default_expression, "-3");
    EXPECT_EQ(column("b").default_expression, "it''s");
    EXPECT_EQ(column("c").default_expression, "1010");
    EXPECT_EQ(column("d").default_expression, "1970-01-01 00:00:00");
    EXPECT_TRUE(column("e").has_default);
    EXPECT_FALSE(column("e").default_expression);
    EXPECT_FALSE(column("f").has_default);
    EXPECT_TRUE(column("g").has_default);
    EXPECT_FALSE(column("h").default_expression);
    EXPECT_TRUE(column("i").has_default);
    EXPECT_EQ(column("j").default_expression, "x");
    EXPECT_EQ(column("k").default_expression, "TRUE");
}

TEST_F(Ddl, KeysAndCharsets) {
    ASSERT_FALSE(run("CREATE DATABASE d CHARACTER SET = latin1").problem);
    ASSERT_FALSE(run("CREATE TABLE t (a INT, b VARCHAR(5) NOT NULL, c INT NOT NULL, UNIQUE (a), UNIQUE KEY u (b, c "
                     "DESC), KEY k (a), CONSTRAINT fk FOREIGN KEY (a) REFERENCES x (y) "
                     "ON DELETE SET NULL, CHECK (a > 0)) ENGINE=InnoDB")
                     .problem);
    EXPECT_EQ(table("t").primary_key, (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(table("t").default_charset, "latin1");
    EXPECT_EQ(column("b").charset, "latin1");
    ASSERT_FALSE(run("ALTER TABLE t ADD PRIMARY KEY (a)").problem);
    EXPECT_EQ(table("t").primary_key, std::vector<std::string>{"a"});
    EXPECT_FALSE(column("a").optional);
    ASSERT_FALSE(run("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4").problem);
    EXPECT_EQ(column("b").charset, "utf8mb4");
}

TEST_F(Ddl, AlterMovesAndRenames) {
    run("CREATE TABLE t (a INT PRIMARY KEY, b INT, c INT)");
    const auto alter = [&](const char* rest) {
        const auto result = run(std::string("ALTER TABLE t ") + rest);
        EXPECT_FALSE(result.problem) << rest << ": " << result.problem.value_or("");
    };
    alter("ADD COLUMN d INT FIRST, ADD e INT AFTER a");
    EXPECT_EQ(columns(), "d,a,e,b,c");
    alter("MODIFY c BIGINT FIRST, CHANGE COLUMN b bb VARCHAR(3) NOT NULL AFTER d");
    EXPECT_EQ(columns(), "c,d,bb,a,e");
    alter("RENAME COLUMN a TO id, DROP COLUMN e, ALTER COLUMN d SET DEFAULT 5, ALGORITHM=INSTANT, LOCK = NONE");
    EXPECT_EQ(columns(), "c,d,bb,id");
    EXPECT_EQ(table("t").primary_key, std::vector<std::string>{"id"});
    EXPECT_EQ(column("d").default_expression, "5");
    alter("ADD (x INT, y INT), ADD INDEX (x), ADD CONSTRAINT u UNIQUE (y), DROP INDEX foo, RENAME INDEX a TO b");
    EXPECT_EQ(columns(), "c,d,bb,id,x,y");
    alter("PARTITION BY HASH(id) PARTITIONS 4");
    alter("ENGINE=InnoDB, COMMENT='x', AUTO_INCREMENT 5, FORCE");
    const auto renamed = run("ALTER TABLE t DROP x, RENAME TO other.t2");
    EXPECT_FALSE(catalog_.tables.contains({"d", "t"}));
    EXPECT_TRUE(catalog_.tables.contains({"other", "t2"}));
    EXPECT_EQ(renamed.events[0].table_names, "t2");
}

TEST_F(Ddl, DropAndRenameOfSeveralTablesGiveOneEventEach) {
    context_.default_database = "ddl1";
    for (const char* name : {"swap_a", "swap_b"}) run(std::string("CREATE TABLE ") + name + " (id INT)");
    const auto renamed = run("RENAME TABLE swap_a TO swap_tmp, swap_b TO swap_a, swap_tmp TO swap_b");
    ASSERT_EQ(renamed.events.size(), 3u);
    EXPECT_EQ(renamed.events[0].ddl, "RENAME TABLE swap_a TO swap_tmp");
    EXPECT_EQ(renamed.events[0].table_names, "swap_tmp,swap_b,swap_a");  // the order of a Java HashSet
    EXPECT_TRUE(renamed.events[0].changes.empty());
    EXPECT_EQ(renamed.events[1].changes[0].previous_id->table, "swap_b");
    const auto dropped = run("DROP TABLE IF EXISTS `swap_a`, ddl1.swap_b /* generated by server */");
    ASSERT_EQ(dropped.events.size(), 2u);
    EXPECT_EQ(dropped.events[1].ddl, "DROP TABLE IF EXISTS `ddl1`.`swap_b`");
    EXPECT_TRUE(catalog_.tables.empty());
}

TEST_F(Ddl, CommentsAndQuotes) {
    run("CREATE /* a */ TABLE -- b\n `t` ( # c\n `a``b` INT COMMENT 'x; -- y', `select` INT /*!50110 DEFAULT 3 */ "
        "/*!80023 INVISIBLE */)");
    EXPECT_EQ(columns(), "a`b,select");
    EXPECT_EQ(column("select").default_expression, "3");
    EXPECT_EQ(column("a`b").comment, "x; -- y");
    run("/*!50110 ALTER TABLE t ADD COLUMN z INT */");
    EXPECT_EQ(columns(), "a`b,select,z");
    context_.sql_mode = kModeAnsiQuotes;
    ASSERT_FALSE(run("CREATE TABLE \"ansi\" (\"id\" INT PRIMARY KEY, \"order\" INT)").problem);
    EXPECT_EQ(columns("ansi"), "id,order");
}

TEST_F(Ddl, MariaDbsOwnForms) {
    context_.server = Server::MariaDb;
    const auto fine = [&](const char* statement) {
        const auto result = run(statement);
        EXPECT_FALSE(result.problem) << statement << ": " << result.problem.value_or("");
        return result;
    };
    fine(
        "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, u UUID, i INET6, c TEXT COMPRESSED, v VARCHAR(9) /*M!100301 "
        "COMPRESSED*/ DEFAULT '', x INT WITHOUT SYSTEM VERSIONING, "
        "UNIQUE KEY IF NOT EXISTS k (u), s TIMESTAMP(6) GENERATED ALWAYS AS ROW START, PERIOD FOR SYSTEM_TIME (s, s)) "
        "WITH SYSTEM VERSIONING");
    EXPECT_EQ(columns(), "id,u,i,c,v,x,s");
    fine("CREATE OR REPLACE TABLE t (id BIGINT PRIMARY KEY)");
    EXPECT_EQ(column("id").type_name, "BIGINT");
    fine(
        "ALTER TABLE t WAIT 5 ADD COLUMN IF NOT EXISTS b INT, DROP COLUMN IF EXISTS nope, ADD CONSTRAINT IF NOT EXISTS "
        "c CHECK (id > 0)");
    fine("ALTER TABLE t ADD COLUMN IF NOT EXISTS b BIGINT");
    EXPECT_EQ(column("b").type_name, "INT");  // it was there already
    fine("ALTER TABLE t ADD SYSTEM VERSIONING");
    fine("ALTER DATABASE d CHARACTER SET latin1 COMMENT 'y'");
    fine("SET STATEMENT max_statement_time=5 FOR ALTER TABLE t ADD COLUMN q INT");
    EXPECT_NE(table("t").find("q"), nullptr);
    EXPECT_EQ(fine("CREATE SEQUENCE s1 START WITH 5").events[0].table_names, "");
    fine("DROP TABLE IF EXISTS t WAIT 2");
}

TEST_F(Ddl, WhatChangesNoStructureIsPassedOver) {
    for (const char* statement :
         {"GRANT ALL ON *.* TO x", "CREATE VIEW v AS SELECT 1",
          "CREATE DEFINER=`root`@`localhost` PROCEDURE p() BEGIN DROP TABLE t; END",
          "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1", "ANALYZE TABLE t", "FLUSH TABLES",
          "CREATE USER u", "", ";", "/* nothing */", "CREATE TEMPORARY TABLE x (a INT)", "DROP TEMPORARY TABLE x",
          "DROP VIEW v", "# Dummy event"}) {
        const auto result = run(statement);
        EXPECT_TRUE(result.events.empty() && !result.problem && result.touched.empty()) << statement;
    }
    EXPECT_EQ(run("TRUNCATE t").truncated->table, "t");
    EXPECT_EQ(run("TRUNCATE TABLE `x`.`y`").truncated->database, "x");
    EXPECT_EQ(run("CREATE INDEX i ON t (a)").events[0].table_names, "");
    EXPECT_FALSE(run("CREATE DATABASE x").events[0].table_names);
}

TEST_F(Ddl, WhatCannotBeUnderstoodNamesItsTable) {
    const auto result = run("CREATE TABLE t (a FANCYTYPE)");
    ASSERT_TRUE(result.problem);
    EXPECT_EQ(result.touched, (std::vector<TableId>{{"d", "t"}}));
    EXPECT_NE(result.problem->find("FANCYTYPE"), std::string::npos);
    EXPECT_TRUE(run("ALTER TABLE missing ADD COLUMN a INT").problem);
    for (const char* broken : {"CREATE TABLE t (", "CREATE TABLE t (a INT", "ALTER TABLE", "CREATE TABLE t (a ENUM('x)",
                               "DROP TABLE", "RENAME TABLE a", "CREATE TABLE t (a INT) COMMENT '"})
        run(broken);  // nothing but not crashing is asked
}

TEST_F(Ddl, CreateTableSelectBeginsATransaction) {
    const auto result = run("CREATE TABLE `t` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n) START TRANSACTION");
    EXPECT_TRUE(result.begins_transaction);
    EXPECT_TRUE(result.events[0].ddl.ends_with(")"));
}

}  // namespace
}  // namespace millrace::binlog::ddl
