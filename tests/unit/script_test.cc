/// Expressions: what they may not do, and what is refused before a record comes. What they make of records is compared
/// with GraalJS and Groovy in transform_test.cc.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/json.h"
#include "convert/json_converter.h"
#include "convert/schema_reader.h"
#include "record/json_value.h"
#include "recorded_cases.h"
#include "script/expression.h"
#include "script/record_script.h"

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

TEST(Script, NeedsWhatItsTextSpeaksOf) {
    const auto needs = [](const char* text) {
        const auto found = Expression(Language::JavaScript, text, {}).needs();
        return std::string(found.content ? "content " : "") + (found.headers ? "headers " : "") +
               (found.plain_nulls ? "nulls" : "");
    };
    EXPECT_EQ(needs("topic == 'x'"), "");
    EXPECT_EQ(needs("topic == 'keys_and_values'"), "");
    EXPECT_EQ(needs("value.op == 'c'"), "content ");
    EXPECT_EQ(needs("key.id == 1"), "content ");
    EXPECT_EQ(needs("valueSchema == null"), "content ");
    EXPECT_EQ(needs("(keySchema)"), "content ");
    EXPECT_EQ(needs("header.x == null"), "headers ");
    EXPECT_EQ(needs("!headers.x"), "headers ");
    EXPECT_EQ(needs("value.m.get('k') == 1"), "content nulls");
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
        {"value.id == 1.5abc", "'1.5abc' is no number"},
        {"value.id == 1xf", "'1xf' is no number"},
        {"value.id == 1e", "'1e' is no number"},
        {"value.id == 12abc", "'12abc' is no number"},
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

/// A record of tests/transforms/cases.json, and how JSON with schemas shows it.
class RecordedRecord {
  public:
    explicit RecordedRecord(const Json& from) : key_(to_text(from.at("key"))), value_(to_text(from.at("value"))) {
        record.topic = "srv.db.t";
        if (!from.at("key").is_null()) record.key = side(key_);
        if (!from.at("value").is_null()) record.value = side(value_);
        for (const auto& header : from.value("headers", Json::array())) {
            texts_.push_back(std::make_unique<std::string>(to_text(header[1])));
            record.headers.push_back({arena.copy(header[0].get<std::string>()), side(*texts_.back())});
        }
    }
    std::string shown() {
        std::string out = std::string(record.topic) + "\n" + text_of(record.key) + "\n" + text_of(record.value);
        for (const auto& header : record.headers)
            out += "\n" + std::string(header.name) + " " + text_of(header.content);
        return out;
    }
    /// So that numbers are printed as Java does, and not as the recorded file has them.
    void open() {
        for (auto* side : {&record.key, &record.value})
            if (side->schema) side->value = record::opened_whole(*side->schema, side->value, arena);
    }
    /// What the script makes of it; "dropped", or what it fails with.
    std::string through(const std::string& script) {
        RecordScript made(script, {});
        try {
            return made.apply(record, arena) ? shown() : "dropped";
        } catch (const FatalError& fault) {
            return std::string("fails: ") + fault.what();
        }
    }

    record::Record record;
    record::Arena arena;

  private:
    record::SchemaAndValue side(const std::string& text) {
        std::string_view payload;
        const auto& schema = schemas_.of_record(text, payload);
        return {schema, record::Value::json(payload)};
    }
    std::string text_of(const record::SchemaAndValue& of) {
        convert::JsonConverter converter({.replace_null_with_default = false});
        std::string text;
        const auto made = converter.append(text, "t", of.schema, of.value, arena);
        if (made.is_null) return "null";
        return (made.prefix != nullptr ? **made.prefix : std::string()) + text;
    }

    std::string key_, value_;
    std::vector<std::unique_ptr<std::string>> texts_;
    convert::SchemaReader schemas_;
};

Json record_named(const std::string& name) {
    static const Json all = recorded("cases.json");
    return all.at("records").at(name);
}

TEST(RecordScripts, LeaveARecordAsItWasUnlessTheyChangeIt) {
    const Json all = recorded("cases.json");
    for (const auto& [name, json] : all["records"].items()) {
        RecordedRecord recorded_record(json);
        recorded_record.open();
        const std::string before = recorded_record.shown();
        EXPECT_EQ(recorded_record.through("record => record"), before) << name;
        EXPECT_EQ(recorded_record.through("record => ({...record})"), before) << name;
    }
}

TEST(RecordScripts, ChangeAddAndLeaveOutFields) {
    RecordedRecord changed(record_named("row"));
    const std::string shown = changed.through(R"(record => {
        const row = record.value;
        delete row.arr; delete row.m;
        row.name = row.name.toUpperCase() + '!';
        row.dec = row.dec.multiply('2');
        row.big = row.big + 1;
        row.total = row.small * 2; row.ratio = 0.5; row.seen = true; row.tag = 'x'; row.at = row.dt; row.raw = row.bin;
        row.list = [1, 2]; row.inner = {a: 'b', n: null}; row.exact = row.dec;
        record.topic = record.topic + '.changed'; record.partition = 3; record.timestamp = 1700000000000;
        record.headers.push({key: 'added', value: 7});
        return record;
    })");
    ASSERT_TRUE(shown.starts_with("srv.db.t.changed\n")) << shown;
    EXPECT_EQ(changed.record.partition, 3);
    EXPECT_EQ(changed.record.timestamp_ms, 1700000000000);
    const auto lines = [&] {
        std::vector<std::string> out;
        size_t from = 0;
        for (size_t at = shown.find('\n'); at != std::string::npos; from = at + 1, at = shown.find('\n', from))
            out.push_back(shown.substr(from, at - from));
        out.push_back(shown.substr(from));
        return out;
    }();
    const Json value = Json::parse(lines.at(2)), header = Json::parse(lines.back().substr(6));
    std::map<std::string, Json> types;
    for (const auto& field : value["schema"]["fields"]) types[field["field"]] = field;
    const Json& row = value["payload"];
    EXPECT_FALSE(row.contains("arr") || row.contains("m") || types.contains("arr"));
    EXPECT_EQ(row["name"], "ANN \"X\"!");
    EXPECT_EQ(row["big"], 12345678902);
    EXPECT_EQ(row["dec"], "YHI=");  // 246.90
    EXPECT_EQ(row["total"], 600);
    EXPECT_EQ(types["total"]["type"], "int64");
    EXPECT_EQ(types["ratio"]["type"], "double");
    EXPECT_EQ(types["seen"]["type"], "boolean");
    EXPECT_EQ(types["tag"]["type"], "string");
    EXPECT_EQ(types["at"]["name"], "org.apache.kafka.connect.data.Timestamp");
    EXPECT_EQ(types["raw"]["type"], "bytes");
    EXPECT_EQ(types["list"]["items"]["type"], "int64");
    EXPECT_EQ(types["inner"]["fields"][0]["field"], "a");
    EXPECT_EQ(types["exact"]["parameters"]["scale"], "2");
    EXPECT_TRUE(types["tag"]["optional"]);
    EXPECT_EQ(value["schema"]["name"], "srv.db.t.Value");
    EXPECT_EQ(header["payload"], 7);
}

TEST(RecordScripts, DropRecordsAndMakeTombstones) {
    RecordedRecord created(record_named("create"));
    EXPECT_EQ(created.through("record => record.value.op == 'c' ? null : record"), "dropped");
    EXPECT_TRUE(RecordedRecord(record_named("create")).through("r => { r.value = null; return r }").find("\nnull") !=
                std::string::npos);
    EXPECT_FALSE(RecordedRecord(record_named("tombstone")).through("r => r").starts_with("fails"));
}

TEST(RecordScripts, NameWhatTheyFailOf) {
    const std::pair<const char*, const char*> faults[] = {
        {"r => { r.value.id = 'x'; return r }", "value.id the value x, which is no int32"},
        {"r => { r.value.id = 2147483648; return r }", "value.id the value 2147483648, which is no int32"},
        {"r => { r.value.id = 1.5; return r }", "value.id the value 1.5"},
        {"r => { r.value.id = null; return r }", "value.id null, and it is not optional"},
        {"r => { r.value.name = 5; return r }", "value.name the value 5, which is no string"},
        {"r => { r.value.dec = 'abc'; return r }", "value.dec the value abc"},
        {"r => { r.value.flag = 1; return r }", "value.flag the value 1, which is no boolean"},
        {"r => { r.value.arr = ['a', 5]; return r }", "value.arr[1] the value 5"},
        {"r => { r.value.bin = 'x'; return r }", "value.bin the value x"},
        {"r => { r.value.fresh = () => 1; return r }", "value.fresh a value that no record can hold"},
        {"r => { r.value = 5; return r }", "value the value 5, which is no srv.db.t.Value"},
        {"r => { r.topic = ''; return r }", "an empty topic"},
        {"r => { r.partition = -1; return r }", "partition"},
        {"r => { r.headers = 5; return r }", "headers that are no list"},
        {"r => {}", "returned no record"},
        {"r => r.nope.x", "TypeError: cannot read property 'x' of undefined"},
        {"r => { Object.defineProperty(r.value, 'p', {get() { throw 1 }, enumerable: true}); return r }",
         "value.p a property that fails"},
        {"r => { const a = []; a.push(a); r.value.loop = a; return r }", "nested"},
    };
    for (const auto& [script, named] : faults) {
        const std::string found = RecordedRecord(record_named("row")).through(script);
        EXPECT_NE(found.find(named), std::string::npos) << script << ": " << found.substr(0, 200);
    }
    EXPECT_THROW(RecordScript("5", {}), std::invalid_argument);
    EXPECT_THROW(RecordScript("r => {", {}), std::invalid_argument);
}

}  // namespace
}  // namespace millrace::script
