/// Expressions: what they may not do, and what is refused before a record comes. What they make of records is compared
/// with GraalJS and Groovy in transform_test.cc.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "base/errors.h"
#include "script/expression.h"

namespace millrace::script {
namespace {

record::Record row(const std::string& json) {
    record::Schema schema{.type = record::Type::Struct, .name = "row"};
    schema.fields = {{"id", record::plain(record::Type::Int64)}, {"name", record::plain(record::Type::String, true)}};
    record::Record record;
    record.topic = "srv.db.t";
    record.value = {record::made(std::move(schema)), record::Value::json(json)};
    return record;
}

/// What an expression fails with on one record.
std::string failure(Language language, const std::string& text, Limits limits = {}) {
    static const std::string json = R"({"id":7,"name":"x"})";
    record::Arena arena;
    Expression expression(language, text, limits);
    try {
        (void)expression.evaluate(row(json), arena);
    } catch (const FatalError& fault) {
        return fault.what();
    }
    return "";
}

/// What a text is refused with.
std::string refusal(Language language, const std::string& text) {
    try {
        (void)Expression(language, text, {});
    } catch (const std::invalid_argument& fault) {
        return fault.what();
    }
    return "";
}

bool holds(Expression& expression, const std::string& json) {
    record::Arena arena;
    return expression.evaluate(row(json), arena).boolean;
}

TEST(Script, StopsWhatRunsAway) {
    const Limits limits = {.time_ms = 20, .memory_bytes = size_t{8} << 20};
    EXPECT_NE(failure(Language::JavaScript, "while (true) {}", limits).find("script.time.limit.ms=20"),
              std::string::npos);
    EXPECT_NE(failure(Language::JavaScript, "try { while (true) {} } catch (e) { true }", limits)
                  .find("script.time.limit.ms=20"),
              std::string::npos);
    EXPECT_NE(failure(Language::JavaScript, "/(a+)+$/.test('a'.repeat(40) + 'b')", limits).find("ran longer"),
              std::string::npos);
    EXPECT_NE(failure(Language::JavaScript, "var a = []; while (true) a.push('x'.repeat(100000) + a.length)",
                      {.time_ms = 10'000, .memory_bytes = size_t{8} << 20})
                  .find("script.memory.limit.bytes"),
              std::string::npos);
    EXPECT_NE(failure(Language::JavaScript, "function f() { return f() + 1 } f()").find("stack"), std::string::npos);
}

TEST(Script, GoesOnAfterAFault) {
    Expression expression(Language::JavaScript, "if (value.id == 1) { while (true) {} } value.id == 2",
                          {.time_ms = 20});
    record::Arena arena;
    const std::string bad = R"({"id":1,"name":null})";
    EXPECT_THROW((void)expression.evaluate(row(bad), arena), FatalError);
    EXPECT_TRUE(holds(expression, R"({"id":2,"name":null})"));
}

TEST(Script, HasNothingButTheLanguage) {
    for (const char* name : {"require", "load", "process", "std", "os", "console", "fetch", "Java", "Polyglot",
                             "setTimeout", "XMLHttpRequest", "WebAssembly", "print"}) {
        Expression expression(Language::JavaScript, std::string("typeof ") + name + " === 'undefined'", {});
        EXPECT_TRUE(holds(expression, R"({"id":2,"name":null})")) << name;
    }
}

TEST(Script, ForgetsARecordWhenItsEvaluationEnds) {
    Expression expression(Language::JavaScript,
                          "if (typeof kept === 'undefined') { globalThis.kept = value; true } else { kept.id == 2 }",
                          {});
    EXPECT_TRUE(holds(expression, R"({"id":2,"name":null})"));
    record::Arena arena;
    const std::string next = R"({"id":3,"name":null})";
    try {
        (void)expression.evaluate(row(next), arena);
        FAIL() << "a record that is gone was read";
    } catch (const FatalError& fault) {
        EXPECT_NE(std::string(fault.what()).find("is gone"), std::string::npos) << fault.what();
    }
}

TEST(Script, NamesWhatItFailsOf) {
    EXPECT_EQ(failure(Language::JavaScript, "value.nope.x == 1"),
              "The expression value.nope.x == 1 fails: TypeError: cannot read property 'x' of undefined");
    EXPECT_EQ(failure(Language::Groovy, "value.nope == 1"),
              "The expression value.nope == 1 fails: TypeError: nope is not a valid field name");
    EXPECT_NE(failure(Language::JavaScript, "value.id = 3; true").find("must not be modified"), std::string::npos);
    EXPECT_NE(failure(Language::Groovy, "value.name < value.id").find("have no order"), std::string::npos);
}

TEST(Script, FailsForARecordThatCannotBeRead) {
    Expression expression(Language::JavaScript, "try { value.id == 1 } finally { 1 }", {});
    record::Arena arena;
    const std::string broken = R"({"id":"x"})";
    EXPECT_THROW((void)expression.evaluate(row(broken), arena), FatalError);
    EXPECT_THROW((void)expression.evaluate(row("[]"), arena), FatalError);
}

TEST(Script, RefusesWhatIsNoExpression) {
    EXPECT_NE(refusal(Language::JavaScript, "value.id ==").find("SyntaxError"), std::string::npos);
    EXPECT_NE(refusal(Language::JavaScript, "1) || (2"), "");
    const std::pair<const char*, const char*> constructs[] = {
        {"value.id instanceof Long", "'instanceof'"},
        {"System.exit(1)", "'System'"},
        {"new File('x').text", "'new'"},
        {"value.name.execute()", "execute()"},
        {"for (x in [1]) { x }", "'for'"},
        {"while (true) {}", "'while'"},
        {"value.name =~ /a$b/", "$"},
        {"value.name ==~ /(/", "SyntaxError"},
        {"value.id as Thread", "as Thread"},
        {"value.id ==", "the end"},
        {"value.id == 'x", "does not end"},
        {"value.id == 1 value", "'value'"},
        {"def key = 1", "variable's name"},
        {"value.id == 017", "octal"},
        {"@Grab('x') true", "'@'"},
        {"value.metaClass.x()", "x()"},
        {"value*.id", "'*.'"},
    };
    for (const auto& [text, named] : constructs)
        EXPECT_NE(refusal(Language::Groovy, text).find(named), std::string::npos)
            << text << ": " << refusal(Language::Groovy, text);
    EXPECT_NE(refusal(Language::Groovy, std::string(10'000, '(')).find("nested"), std::string::npos);
}

/// What counts as true in Groovy, whatever stands around it.
TEST(Script, HasGroovysTruth) {
    const std::string json = R"({"id":7,"name":""})";
    for (const char* text :
         {"!(value.id == 7 ? '' : 'x')", "!((value.id == 7 ? '' : 'x') && true)", "!((value.id <=> 7) && true)",
          "!value.name", "!(value.name && true)", "value.id && !value.name", "[1] && !([])", "!(0 || '' || null)",
          "if (value.name) { false } else { true }", "(value.name ?: 'x') == 'x'", "value.name ? false : true",
          "!(value.id != 7 || value.id < 7)", "(value.id == 7) && (value.id > 6)", "!!value.id", "!(!value.id)",
          "(value.id == 7 || false) == true", "(value.id && 'x') == true", "[value.name, null].any { it } == false"}) {
        Expression expression(Language::Groovy, text, {});
        EXPECT_TRUE(holds(expression, json)) << text;
    }
}

TEST(Script, KeepsLargeIntegersExact) {
    const std::string json = R"({"id":9007199254740993,"name":"9007199254740993"})";
    for (const char* text : {"value.id == 9007199254740993", "value.id != 9007199254740992", "value.id % 10 == 3",
                             "value.id + 1 == 9007199254740994", "\"${value.id}\".toString() == value.name",
                             "value.name.toLong() == value.id", "value.id > 9007199254740992"}) {
        Expression expression(Language::Groovy, text, {});
        EXPECT_TRUE(holds(expression, json)) << text;
    }
    for (const char* text : {"value.id == 9007199254740993n", "`${value.id}` == value.name", "value.id > 5"}) {
        Expression expression(Language::JavaScript, text, {});
        EXPECT_TRUE(holds(expression, json)) << text;
    }
}

}  // namespace
}  // namespace millrace::script
