#include "script/js_engine.h"

#include <stdexcept>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::script {

namespace {

constexpr size_t kStackBytes = size_t{256} * 1024;

void add_language(JSContext* context) {
    JS_AddIntrinsicBaseObjects(context);
    JS_AddIntrinsicDate(context);
    JS_AddIntrinsicEval(context);
    JS_AddIntrinsicRegExp(context);
    JS_AddIntrinsicJSON(context);
    JS_AddIntrinsicProxy(context);
    JS_AddIntrinsicMapSet(context);
    JS_AddIntrinsicTypedArrays(context);
    JS_AddIntrinsicBigInt(context);
}

}  // namespace

JsEngine::JsEngine(Limits limits) : limits_(limits), runtime_(JS_NewRuntime()) {
    context_ = runtime_ == nullptr ? nullptr : JS_NewContextRaw(runtime_);
    if (context_ == nullptr) {
        if (runtime_ != nullptr) JS_FreeRuntime(runtime_);
        throw EnvironmentError("There is no memory for a script engine");
    }
    add_language(context_);
    JS_SetMemoryLimit(runtime_, limits_.memory_bytes);
    JS_SetMaxStackSize(runtime_, kStackBytes);
    JS_SetInterruptHandler(runtime_, &JsEngine::interrupted, this);
    start_clock();
}

JsEngine::~JsEngine() {
    JS_FreeContext(context_);
    JS_FreeRuntime(runtime_);
}

int JsEngine::interrupted(JSRuntime* /*runtime*/, void* self) {
    auto& engine = *static_cast<JsEngine*>(self);
    if (std::chrono::steady_clock::now() < engine.deadline_) return 0;
    engine.is_late_ = true;
    return 1;
}

void JsEngine::start_clock() {
    JS_UpdateStackTop(runtime_);
    is_late_ = false;
    deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(limits_.time_ms);
}

JsValue JsEngine::evaluated(const std::string& text, const char* file, int flags) {
    start_clock();
    JsValue result(context_, JS_Eval(context_, text.c_str(), text.size(), file, JS_EVAL_TYPE_GLOBAL | flags));
    if (JS_IsException(result.get())) throw std::invalid_argument(take_error());
    return result;
}

JsValue JsEngine::run(const std::string& text, const char* file) {
    return evaluated(text, file, 0);
}

JsValue JsEngine::compiled(const std::string& text, const char* file) {
    return evaluated(text, file, JS_EVAL_FLAG_COMPILE_ONLY);
}

std::string JsEngine::take_error() {
    const JsValue error(context_, JS_GetException(context_));
    if (is_late_)
        return format("it ran longer than script.time.limit.ms={}; make it shorter or raise the limit",
                      limits_.time_ms);
    const char* text = JS_ToCString(context_, error.get());
    if (text == nullptr) {
        JS_FreeValue(context_, JS_GetException(context_));
        return "an error without a text";
    }
    std::string found = text;
    JS_FreeCString(context_, text);
    if (found.find("out of memory") != std::string::npos)
        found += format("; script.memory.limit.bytes is {}", limits_.memory_bytes);
    return found;
}

}  // namespace millrace::script
