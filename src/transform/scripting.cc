/// io.debezium.transforms.Filter and ContentBasedRouter (debezium-scripting), and Millrace's own Script.
#include <memory>
#include <optional>
#include <stdexcept>

#include "base/errors.h"
#include "base/regex.h"
#include "script/expression.h"
#include "script/record_script.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/transform_types.h"

namespace millrace::transform {

namespace {

using script::Expression;
using script::Language;

constexpr Property kTopicRegex = {
    .name = "topic.regex",
    .display_name = "Topic regex",
    .documentation =
        "A regular expression of the topics whose records it looks at; the whole name counts. Others pass."};
constexpr Property kLanguage = {
    .name = "language",
    .importance = Importance::High,
    .display_name = "Expression language",
    .required = true,
    .documentation = "jsr223.graal.js, or jsr223.groovy for expressions (docs/differences.md says which)."};
constexpr Property kNullHandling = {.name = "null.handling.mode",
                                    .default_value = "keep",
                                    .display_name = "Handle null records",
                                    .allowed = "keep, drop, evaluate",
                                    .documentation =
                                        "What becomes of records without a value: passed, removed, or "
                                        "given to the expression."};
constexpr Property kTimeLimit = {.name = "script.time.limit.ms",
                                 .type = OptionType::Long,
                                 .default_value = "1000",
                                 .display_name = "Time limit",
                                 .least = 1,
                                 .documentation = "How long the expression may take for one record. Millrace's own."};
constexpr Property kMemoryLimit = {.name = "script.memory.limit.bytes",
                                   .type = OptionType::Long,
                                   .default_value = "67108864",
                                   .display_name = "Memory limit",
                                   .least = 1048576,
                                   .documentation = "How much the expression's engine may hold. Millrace's own."};

constexpr Property kFilterOptions[] = {
    kTopicRegex,
    kLanguage,
    {.name = "condition",
     .importance = Importance::High,
     .display_name = "Filtering condition",
     .required = true,
     .documentation = "What is true of the records that pass: value.op == 'u'. It must give true or false."},
    kNullHandling,
    kTimeLimit,
    kMemoryLimit};
constexpr Property kRouterOptions[] = {
    kTopicRegex,
    kLanguage,
    {.name = "topic.expression",
     .importance = Importance::High,
     .display_name = "Topic name expression",
     .required = true,
     .documentation = "The topic of a record; null: the one it has. It must give a text or null."},
    kNullHandling,
    kTimeLimit,
    kMemoryLimit};

constexpr Property kScriptOptions[] = {
    {.name = "script",
     .importance = Importance::High,
     .display_name = "Script",
     .required = true,
     .documentation = "A JavaScript function of a record {topic, partition, timestamp, key, keySchema, value, "
                      "valueSchema, headers} that returns it, changed or new; null drops it."},
    kTopicRegex,
    kTimeLimit,
    kMemoryLimit};

script::Limits limits_of(const config::Settings& settings) {
    return {settings.integer("script.time.limit.ms", 1000),
            static_cast<size_t>(settings.integer("script.memory.limit.bytes", 64 << 20))};
}

Language language_of(const config::Settings& settings) {
    const std::string language = settings.text("language");
    constexpr std::string_view kPrefix = "jsr223.";
    if (!language.starts_with(kPrefix) && !language.starts_with("wasm."))
        throw ConfigError("language", "Value for option 'language' must begin with 'jsr223.', e.g. 'jsr223.groovy'");
    const std::string name = language.starts_with(kPrefix) ? language.substr(kPrefix.size()) : "";
    for (const char* known : {"graal.js", "js", "javascript", "JavaScript", "ecmascript", "ECMAScript", "Graal.js"})
        if (name == known) return Language::JavaScript;
    if (name == "groovy" || name == "Groovy") return Language::Groovy;
    throw ConfigError("language", format("The 'language' value is invalid: {} is not supported by Millrace; use "
                                         "jsr223.graal.js, or jsr223.groovy for expressions",
                                         language));
}

/// What both have in common: which records are looked at, and the expression.
class Scripting : public Transform {
  public:
    Scripting(const config::Settings& settings, const char* expression) {
        if (!settings.text("topic.regex").empty()) topics_ = regex_option(settings, "topic.regex");
        const std::string nulls = settings.text("null.handling.mode");
        evaluates_nulls_ = iequals(nulls, "evaluate");
        drops_nulls_ = iequals(nulls, "drop");
        const std::string text = settings.text(expression);
        const auto language = language_of(settings);
        try {
            expression_ = std::make_unique<Expression>(language, text, limits_of(settings));
        } catch (const std::invalid_argument& fault) {
            throw ConfigError(expression, format("Failed to parse expression '{}': {}", text, fault.what()));
        }
    }

    bool apply(record::Record& record, record::Arena& arena) final {
        if (topics_ && !topics_->matches(record.topic)) return true;
        if (record.value.value.is_null() && !evaluates_nulls_) return !drops_nulls_;
        return applied(record, expression_->evaluate(record, arena), arena);
    }
    unsigned parts() const final {
        const auto needs = expression_->needs();
        // The headers of a changed key hold keys.
        if (needs.headers || needs.plain_nulls) return kTopic | kHeaders | kKey | kValue;
        return kTopic | (needs.content ? unsigned{kReads} : 0U);
    }

  protected:
    [[noreturn]] static void refuse(const Expression::Result& result, const char* wanted) {
        const char* kind = result.kind == Expression::Result::Kind::Null      ? "null"
                           : result.kind == Expression::Result::Kind::Boolean ? (result.boolean ? "true" : "false")
                                                                              : result.text.c_str();
        throw FatalError(format("Value '{}' returned by the expression is not a {}", kind, wanted));
    }

  private:
    virtual bool applied(record::Record& record, const Expression::Result& result, record::Arena& arena) = 0;

    std::optional<Regex> topics_;
    bool evaluates_nulls_ = false, drops_nulls_ = false;
    std::unique_ptr<Expression> expression_;
};

class Filter final : public Scripting {
  public:
    explicit Filter(const config::Settings& settings) : Scripting(settings, "condition") {}

  private:
    bool applied(record::Record& /*record*/, const Expression::Result& result, record::Arena& /*arena*/) override {
        if (result.kind != Expression::Result::Kind::Boolean) refuse(result, "Boolean");
        return result.boolean;
    }
};

class ContentBasedRouter final : public Scripting {
  public:
    explicit ContentBasedRouter(const config::Settings& settings) : Scripting(settings, "topic.expression") {}

  private:
    bool applied(record::Record& record, const Expression::Result& result, record::Arena& arena) override {
        if (result.kind == Expression::Result::Kind::Null) return true;
        if (result.kind != Expression::Result::Kind::Text || result.text.empty()) refuse(result, "name of a topic");
        record.topic = arena.copy(result.text);
        return true;
    }
};

/// millrace.Script
class Script final : public Transform {
  public:
    explicit Script(const config::Settings& settings) {
        if (!settings.text("topic.regex").empty()) topics_ = regex_option(settings, "topic.regex");
        try {
            script_ = std::make_unique<script::RecordScript>(settings.text("script"), limits_of(settings));
        } catch (const std::invalid_argument& fault) {
            throw ConfigError("script", format("The script cannot be used: {}", fault.what()));
        }
    }
    bool apply(record::Record& record, record::Arena& arena) override {
        return (topics_ && !topics_->matches(record.topic)) || script_->apply(record, arena);
    }
    unsigned parts() const override { return kTopic | kHeaders | kKey | kValue; }

  private:
    std::optional<Regex> topics_;
    std::unique_ptr<script::RecordScript> script_;
};

}  // namespace

extern const TransformType kScript = {"millrace.Script", table_of<kScriptOptions>, make_from<Script>};
extern const TransformType kScriptingFilter = {"io.debezium.transforms.Filter", table_of<kFilterOptions>,
                                               make_from<Filter>};
extern const TransformType kContentBasedRouter = {"io.debezium.transforms.ContentBasedRouter", table_of<kRouterOptions>,
                                                  make_from<ContentBasedRouter>};

}  // namespace millrace::transform
