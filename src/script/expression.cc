#include "script/expression.h"

#include <array>
#include <cctype>
#include <stdexcept>
#include <string_view>

#include "base/errors.h"
#include "base/text.h"
#include "script/groovy_translation.h"
#include "script/java_objects.h"
#include "script/js_engine.h"
#include "script/js_values.h"

namespace millrace::script {

namespace {

constexpr const char* kFile = "expression";
constexpr const char* kParameters = "key, value, keySchema, valueSchema, topic, header, headers";

bool is_word_part(char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

/// Whether the text has the name as a word of its own: valueSchema is no value, but Groovy's "$value" is.
bool speaks_of(std::string_view text, std::string_view name) {
    for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        const size_t end = at + name.size();
        if ((at == 0 || !is_word_part(text[at - 1])) && (end == text.size() || !is_word_part(text[end]))) return true;
    }
    return false;
}

}  // namespace

class Expression::Engine {
  public:
    Engine(Language language, const std::string& text, Limits limits);
    Result evaluate(const record::Record& record, record::Arena& arena);
    Needs needs() const;

  private:
    /// What it is called with, in this order.
    enum Input { kKey, kValue, kKeySchema, kValueSchema, kTopic, kHeader, kHeaders };
    static constexpr size_t kInputs = 7;
    static constexpr const char* kNames[kInputs] = {"key",   "value",  "keySchema", "valueSchema",
                                                    "topic", "header", "headers"};

    bool compile_function(const std::string& text);
    void compile_statements(const std::string& text);
    void compile_groovy(const std::string& text);
    void check_pattern(const std::string& pattern);
    JsValue input(Input which, const record::Record& record);
    JsValue called(const record::Record& record);
    [[noreturn]] void fail();
    Result result_of(const JsValue& value);

    std::string text_;
    JsEngine engine_;
    JsValues values_;
    bool is_used_[kInputs] = {};  ///< Whether the text speaks of it.
    bool is_function_ = true;     ///< Or else statements, which see the inputs as globals.
    JsValue compiled_;
    JsValue groovy_;
};

Expression::Expression(Language language, const std::string& text, Limits limits)
    : engine_(std::make_unique<Engine>(language, text, limits)) {}
Expression::~Expression() = default;

Expression::Result Expression::evaluate(const record::Record& record, record::Arena& arena) {
    return engine_->evaluate(record, arena);
}

Expression::Needs Expression::needs() const {
    return engine_->needs();
}

Expression::Engine::Engine(Language language, const std::string& text, Limits limits)
    : text_(text), engine_(limits), values_(engine_, language) {
    for (size_t at = 0; at < kInputs; ++at) is_used_[at] = speaks_of(text, kNames[at]);
    if (language == Language::Groovy)
        compile_groovy(text);
    else if (!compile_function(text))
        compile_statements(text);
}

Expression::Needs Expression::Engine::needs() const {
    // Only Struct's getters tell them apart.
    return {is_used_[kKey] || is_used_[kValue] || is_used_[kKeySchema] || is_used_[kValueSchema],
            is_used_[kHeader] || is_used_[kHeaders], text_.find("get") != std::string::npos};
}

bool Expression::Engine::compile_function(const std::string& text) {
    try {
        engine_.compiled(text, kFile);
        compiled_ = engine_.run(format("(function ({}) {{ return (\n{}\n); }})", kParameters, text), kFile);
        return true;
    } catch (const std::invalid_argument&) {
        return false;  // Statements, or nothing at all: compile_statements tells.
    }
}

void Expression::Engine::compile_statements(const std::string& text) {
    is_function_ = false;
    engine_.compiled(text, kFile);
    // The block makes its let and const new each time.
    compiled_ = engine_.compiled(format("{{\n{}\n}}", text), kFile);
}

void Expression::Engine::compile_groovy(const std::string& text) {
    const JsValue make = engine_.run(kGroovyRuntime, "groovy");
    JSValueConst makers = values_.makers();
    JSContext* context = engine_.context();
    groovy_ = JsValue(context, JS_Call(context, make.get(), JS_UNDEFINED, 1, &makers));
    const auto [body, patterns] = groovy_translation(text);
    for (const auto& pattern : patterns) check_pattern(pattern);
    const JsValue outer = engine_.run(
        format("(function ($) {{ 'use strict'; return function ({}) {{\n{}\n}}; }})", kParameters, body), kFile);
    JSValueConst operators = groovy_.get();
    compiled_ = JsValue(context, JS_Call(context, outer.get(), JS_UNDEFINED, 1, &operators));
}

void Expression::Engine::check_pattern(const std::string& pattern) {
    JSContext* context = engine_.context();
    const JsValue check(context, JS_GetPropertyStr(context, groovy_.get(), "check"));
    const JsValue text(context, JS_NewStringLen(context, pattern.data(), pattern.size()));
    JSValueConst argument = text.get();
    const JsValue result(context, JS_Call(context, check.get(), JS_UNDEFINED, 1, &argument));
    if (JS_IsException(result.get())) throw std::invalid_argument(engine_.take_error());
}

JsValue Expression::Engine::input(Input which, const record::Record& record) {
    JSContext* context = engine_.context();
    switch (which) {
        case kKey:
            return values_.value(record.key.schema, record.key.value);
        case kValue:
            return values_.value(record.value.schema, record.value.value);
        case kKeySchema:
            return values_.schema(record.key.schema);
        case kValueSchema:
            return values_.schema(record.value.schema);
        case kTopic:
            return {context, JS_NewStringLen(context, record.topic.data(), record.topic.size())};
        case kHeader:
        case kHeaders:
            return values_.headers(record.headers);
    }
    return {};
}

JsValue Expression::Engine::called(const record::Record& record) {
    JSContext* context = engine_.context();
    std::array<JsValue, kInputs> inputs;
    for (size_t at = 0; at < kInputs; ++at) {
        if (!is_used_[at]) continue;
        inputs[at] = input(static_cast<Input>(at), record);
        if (JS_IsException(inputs[at].get())) return {context, JS_EXCEPTION};
    }
    if (is_function_) {
        std::array<JSValue, kInputs> arguments;
        for (size_t at = 0; at < kInputs; ++at) arguments[at] = inputs[at].get();
        return {context, JS_Call(context, compiled_.get(), JS_UNDEFINED, kInputs, arguments.data())};
    }
    const JsValue global(context, JS_GetGlobalObject(context));
    for (size_t at = 0; at < kInputs; ++at)
        if (is_used_[at]) JS_SetPropertyStr(context, global.get(), kNames[at], inputs[at].copy());
    return {context, JS_EvalFunction(context, compiled_.copy())};
}

Expression::Result Expression::Engine::evaluate(const record::Record& record, record::Arena& arena) {
    engine_.start_clock();
    values_.begin(arena);
    const JsValue value = called(record);
    if (JS_IsException(value.get())) fail();
    return result_of(value);
}

void Expression::Engine::fail() {
    throw FatalError(format("The expression {} fails: {}", text_, engine_.take_error()));
}

Expression::Result Expression::Engine::result_of(const JsValue& value) {
    JSContext* context = engine_.context();
    Result result;
    if (JS_IsNull(value.get()) || JS_IsUndefined(value.get())) return result;
    if (JS_IsBool(value.get())) {
        result.kind = Result::Kind::Boolean;
        result.boolean = JS_ToBool(context, value.get()) != 0;
        return result;
    }
    result.kind = JS_IsString(value.get()) ? Result::Kind::Text : Result::Kind::Other;
    size_t size = 0;
    const char* text = JS_ToCStringLen(context, &size, value.get());
    if (text == nullptr) fail();
    result.text.assign(text, size);
    JS_FreeCString(context, text);
    return result;
}

}  // namespace millrace::script
