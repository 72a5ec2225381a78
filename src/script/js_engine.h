#pragma once

#include <quickjs.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "script/limits.h"

namespace millrace::script {

/// A JavaScript value that is given back when it goes. It must go before its engine does.
class JsValue {
  public:
    JsValue() = default;
    JsValue(JSContext* context, JSValue value) : context_(context), value_(value) {}
    JsValue(JsValue&& other) noexcept : context_(std::exchange(other.context_, nullptr)), value_(other.value_) {}
    JsValue& operator=(JsValue&& other) noexcept {
        std::swap(context_, other.context_);
        std::swap(value_, other.value_);
        return *this;
    }
    ~JsValue() {
        if (context_ != nullptr) JS_FreeValue(context_, value_);
    }
    JSValueConst get() const { return value_; }
    JSValue copy() const { return JS_DupValue(context_, value_); }
    /// The value, which is the caller's to free from now on.
    JSValue release() {
        context_ = nullptr;
        return value_;
    }

  private:
    JSContext* context_ = nullptr;
    JSValue value_ = JS_UNDEFINED;
};

/// One QuickJS runtime with the language's own objects and nothing else: no files, no network, no modules, no timers.
/// https://quickjs-ng.github.io/quickjs/developer-guide/intro
/// Used by one thread at a time.
class JsEngine {
  public:
    explicit JsEngine(Limits limits);
    ~JsEngine();
    JsEngine(const JsEngine&) = delete;
    JsEngine& operator=(const JsEngine&) = delete;

    JSContext* context() const { return context_; }
    /// Runs a text; what it evaluates to. Throws std::invalid_argument with JavaScript's error.
    JsValue run(const std::string& text, const char* file);
    /// The bytecode of a text, for JS_EvalFunction. Throws std::invalid_argument for what is no JavaScript.
    JsValue compiled(const std::string& text, const char* file);
    /// The script's time begins.
    void start_clock();
    /// What the exception pending in the context says, and takes it: "TypeError: cannot read property 'id' of null".
    std::string take_error();

  private:
    static int interrupted(JSRuntime* runtime, void* self);
    JsValue evaluated(const std::string& text, const char* file, int flags);

    Limits limits_;
    JSRuntime* runtime_;
    JSContext* context_;
    std::chrono::steady_clock::time_point deadline_;
    bool is_late_ = false;
};

}  // namespace millrace::script
