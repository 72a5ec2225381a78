#include "script/record_script.h"

#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <vector>

#include "base/errors.h"
#include "base/text.h"
#include "script/js_engine.h"
#include "script/js_reader.h"
#include "script/js_values.h"

namespace millrace::script {

class RecordScript::Engine {
  public:
    Engine(const std::string& text, Limits limits);
    bool apply(record::Record& record, record::Arena& arena);

  private:
    JsValue shown(const record::Record& record);
    JsValue shown_headers(const record::Record& record);
    void set(const JsValue& object, const char* name, JSValue value) {
        JS_SetPropertyStr(engine_.context(), object.get(), name, value);
    }
    JsValue property(const JsValue& object, const char* name) {
        return {engine_.context(), JS_GetPropertyStr(engine_.context(), object.get(), name)};
    }
    void take(const JsValue& made, record::Record& record, record::Arena& arena);
    void take_side(const JsValue& made, const char* name, record::SchemaAndValue& side, record::Arena& arena);
    void take_headers(const JsValue& made, record::Record& record, record::Arena& arena);
    /// Nothing for null.
    std::optional<int64_t> whole_number(const JsValue& made, const char* name, int64_t most);
    std::string text_of(const JsValue& value, const char* name);
    [[noreturn]] void fail();

    JsEngine engine_;
    JsValues values_;
    JsReader reader_;
    JsValue function_;
    std::vector<record::SchemaPtr> header_schemas_;  ///< Of the record that is with the script.
};

RecordScript::RecordScript(const std::string& text, Limits limits) : engine_(std::make_unique<Engine>(text, limits)) {}
RecordScript::~RecordScript() = default;

bool RecordScript::apply(record::Record& record, record::Arena& arena) {
    return engine_->apply(record, arena);
}

RecordScript::Engine::Engine(const std::string& text, Limits limits)
    : engine_(limits),
      values_(engine_, Language::JavaScript, JsValues::Structs::Copied),
      reader_(engine_.context(),
              JsValue(engine_.context(), JS_GetPropertyStr(engine_.context(), values_.makers(), "kind"))),
      function_(engine_.run(format("(\n{}\n)", text), "script")) {
    if (!JS_IsFunction(engine_.context(), function_.get()))
        throw std::invalid_argument("it is no function; write record => { …; return record; }");
}

bool RecordScript::Engine::apply(record::Record& record, record::Arena& arena) {
    engine_.start_clock();
    values_.begin(arena);
    const JsValue given = shown(record);
    JSValueConst argument = given.get();
    const JsValue made(engine_.context(), JS_Call(engine_.context(), function_.get(), JS_UNDEFINED, 1, &argument));
    if (JS_IsException(made.get())) fail();
    if (JS_IsNull(made.get())) return false;
    if (!JS_IsObject(made.get()))
        throw FatalError("The script returned no record: return the record, or null to drop it");
    take(made, record, arena);
    return true;
}

JsValue RecordScript::Engine::shown(const record::Record& record) {
    JSContext* context = engine_.context();
    JsValue object(context, JS_NewObject(context));
    set(object, "topic", JS_NewStringLen(context, record.topic.data(), record.topic.size()));
    set(object, "partition", record.partition ? JS_NewInt32(context, *record.partition) : JS_NULL);
    set(object, "timestamp", record.timestamp_ms ? JS_NewInt64(context, *record.timestamp_ms) : JS_NULL);
    set(object, "key", values_.value(record.key.schema, record.key.value).release());
    set(object, "keySchema", values_.schema(record.key.schema).release());
    set(object, "value", values_.value(record.value.schema, record.value.value).release());
    set(object, "valueSchema", values_.schema(record.value.schema).release());
    set(object, "headers", shown_headers(record).release());
    return object;
}

/// Each remembers which schema it came with.
JsValue RecordScript::Engine::shown_headers(const record::Record& record) {
    JSContext* context = engine_.context();
    JsValue list(context, JS_NewArray(context));
    header_schemas_.clear();
    for (const auto& header : record.headers) {
        JsValue one(context, JS_NewObject(context));
        set(one, "key", JS_NewStringLen(context, header.name.data(), header.name.size()));
        set(one, "value", values_.value(header.content.schema, header.content.value).release());
        set(one, "schema", values_.schema(header.content.schema).release());
        JS_SetPropertyUint32(context, list.get(), static_cast<uint32_t>(header_schemas_.size()), one.release());
        header_schemas_.push_back(header.content.schema);
    }
    return list;
}

void RecordScript::Engine::take(const JsValue& made, record::Record& record, record::Arena& arena) {
    const std::string topic = text_of(property(made, "topic"), "topic");
    if (topic.empty()) throw FatalError("The script gave the record an empty topic");
    record.topic = arena.copy(topic);
    const auto partition = whole_number(made, "partition", std::numeric_limits<int32_t>::max());
    record.partition = partition ? std::optional(static_cast<int32_t>(*partition)) : std::nullopt;
    record.timestamp_ms = whole_number(made, "timestamp", std::numeric_limits<int64_t>::max() / 2);
    take_side(made, "key", record.key, arena);
    take_side(made, "value", record.value, arena);
    take_headers(made, record, arena);
}

void RecordScript::Engine::take_side(const JsValue& made, const char* name, record::SchemaAndValue& side,
                                     record::Arena& arena) {
    const JsValue value = property(made, name);
    if (JS_IsException(value.get())) fail();
    if (JS_IsNull(value.get()) || JS_IsUndefined(value.get()))
        side = {};
    else
        side = reader_.read(side.schema, value.get(), name, arena);
}

void RecordScript::Engine::take_headers(const JsValue& made, record::Record& record, record::Arena& arena) {
    JSContext* context = engine_.context();
    const JsValue list = property(made, "headers");
    if (!JS_IsArray(list.get())) throw FatalError("The script gave the record headers that are no list");
    int64_t length = 0;
    JS_GetLength(context, list.get(), &length);
    std::vector<record::Header> headers;
    for (int64_t at = 0; at < length; ++at) {
        const JsValue one(context, JS_GetPropertyInt64(context, list.get(), at));
        if (!JS_IsObject(one.get())) throw FatalError("The script gave the record a header that is no {key, value}");
        const std::string name = text_of(property(one, "key"), "headers[].key");
        const JsValue value = property(one, "value");
        const JsValue schema = property(one, "schema");
        record::SchemaPtr known;
        for (const auto& candidate : header_schemas_)
            if (candidate && JS_IsStrictEqual(context, values_.schema(candidate).get(), schema.get()))
                known = candidate;
        headers.push_back({arena.copy(name), reader_.read(known, value.get(), "headers." + name, arena)});
    }
    record.headers = std::move(headers);
    record.headers_changed = true;
}

std::optional<int64_t> RecordScript::Engine::whole_number(const JsValue& made, const char* name, int64_t most) {
    const JsValue value = property(made, name);
    if (JS_IsNull(value.get()) || JS_IsUndefined(value.get())) return std::nullopt;
    double number = 0;
    if (!JS_IsNumber(value.get()) || JS_ToFloat64(engine_.context(), &number, value.get()) < 0 ||
        number != std::floor(number) || number < 0 || number > static_cast<double>(most))
        throw FatalError(format("The script gave the record a {} that is none", name));
    return static_cast<int64_t>(number);
}

std::string RecordScript::Engine::text_of(const JsValue& value, const char* name) {
    size_t size = 0;
    const char* text = JS_IsString(value.get()) ? JS_ToCStringLen(engine_.context(), &size, value.get()) : nullptr;
    if (text == nullptr) throw FatalError(format("The script gave {} something that is no text", name));
    std::string out(text, size);
    JS_FreeCString(engine_.context(), text);
    return out;
}

void RecordScript::Engine::fail() {
    throw FatalError(format("The script fails: {}", engine_.take_error()));
}

}  // namespace millrace::script
