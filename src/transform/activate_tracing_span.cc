/// io.debezium.transforms.tracing.ActivateTracingSpan. There is no OpenTelemetry here, so no spans are reported; what
/// is done is what consumers need: the trace goes on in the header traceparent (W3C Trace Context,
/// https://www.w3.org/TR/trace-context/), with a span of its own.
#include <map>
#include <optional>
#include <random>
#include <string>

#include "base/text.h"
#include "record/struct_view.h"
#include "transform/options.h"
#include "transform/transform_types.h"

namespace millrace::transform {

namespace {

constexpr Property kOptions[] = {
    {.name = "tracing.span.context.field",
     .default_value = "tracingspancontext",
     .importance = Importance::High,
     .width = Width::Medium,
     .display_name = "Serialized tracing span context field",
     .documentation = "The row's field with the context of the trace that it was written in, as java.util.Properties "
                      "are stored: traceparent=00-…"},
    {.name = "tracing.operation.name",
     .default_value = "debezium-read",
     .importance = Importance::High,
     .width = Width::Medium,
     .display_name = "Tracing operation name",
     .support = config::Support::NoEffect,
     .documentation = "The name of a span; none is reported here."},
    {.name = "tracing.with.context.field.only",
     .type = OptionType::Boolean,
     .default_value = "false",
     .importance = Importance::High,
     .width = Width::Medium,
     .display_name = "Trace only events with context field present",
     .documentation = "Whether rows without such a context get no header; else they begin a trace."},
};

/// What a backslash and the letter behind it stand for.
char unescaped(char letter) {
    switch (letter) {
        case 'n':
            return '\n';
        case 't':
            return '\t';
        case 'r':
            return '\r';
        default:
            return letter;
    }
}

/// java.util.Properties.load, but for lines that go on in the next one and for \u.
std::map<std::string, std::string> properties_of(std::string_view text) {
    std::map<std::string, std::string> found;
    for (const auto& line : split(text, '\n')) {
        const size_t begin = line.find_first_not_of(" \t\r\f");
        if (begin == std::string::npos || line[begin] == '#' || line[begin] == '!') continue;
        std::string name, value;
        bool is_value = false;
        for (size_t at = begin; at < line.size() && line[at] != '\r'; ++at) {
            const char letter = line[at];
            if (letter == '\\' && at + 1 < line.size()) {
                (is_value ? value : name) += unescaped(line[++at]);
            } else if (!is_value && (letter == '=' || letter == ':')) {
                is_value = true;
            } else if (!value.empty() || letter != ' ') {
                (is_value ? value : name) += letter;
            }
        }
        found[name] = value;
    }
    return found;
}

/// Version, trace, span and flags, in lower-case hexadecimal.
struct TraceParent {
    std::string trace, span, flags;
};

bool is_hex(std::string_view text, size_t size) {
    return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Nothing for a text that is no traceparent of version 00, or none that a trace may go on from.
std::optional<TraceParent> parsed(const std::string& text) {
    const auto parts = split(text, '-');
    if (parts.size() != 4 || parts[0] != "00" || !is_hex(parts[1], 32) || !is_hex(parts[2], 16) || !is_hex(parts[3], 2))
        return std::nullopt;
    if (parts[1].find_first_not_of('0') == std::string::npos || parts[2].find_first_not_of('0') == std::string::npos)
        return std::nullopt;
    return TraceParent{parts[1], parts[2], parts[3]};
}

class ActivateTracingSpan final : public Transform {
  public:
    explicit ActivateTracingSpan(const config::Settings& settings)
        : field_(settings.text("tracing.span.context.field")),
          only_with_context_(settings.boolean("tracing.with.context.field.only", false)) {}

    bool apply(record::Record& record, record::Arena& arena) override {
        if (record.value.value.is_null() || !is_envelope(record.value)) return true;
        const record::StructView envelope(*record.value.schema, record.value.value, arena);
        const auto after = envelope.inner("after");
        const record::Value context = after ? after->get(field_) : record::Value();
        const bool has_context = context.is(record::Value::Kind::Text);
        if (!has_context && only_with_context_) return true;
        const auto properties = has_context ? properties_of(context.text()) : std::map<std::string, std::string>();
        const auto text_of = [&](const char* name) {
            const auto found = properties.find(name);
            return found == properties.end() ? std::string() : found->second;
        };
        const auto parent = parsed(text_of("traceparent"));
        const std::string trace = parent ? parent->trace : random_hex(2);
        add(record, "traceparent", format("00-{}-{}-{}", trace, random_hex(1), parent ? parent->flags : "01"), arena);
        if (const std::string state = text_of("tracestate"); parent && !state.empty())
            add(record, "tracestate", state, arena);
        return true;
    }
    unsigned parts() const override { return kHeaders | kReads; }

  private:
    void add(record::Record& record, std::string_view name, const std::string& text, record::Arena& arena) const {
        record.add_header_in_place(name, {text_schema_, record::Value::text(arena.copy(text))});
    }
    std::string random_hex(int words) {
        std::string out;
        for (int i = 0; i < words; ++i) out += format("{:016x}", random_() | 1);
        return out;
    }

    const std::string field_;
    const bool only_with_context_;
    const record::SchemaPtr text_schema_ = record::plain(record::Type::String);
    std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace

extern const TransformType kActivateTracingSpan = {"io.debezium.transforms.tracing.ActivateTracingSpan",
                                                   table_of<kOptions>, make_from<ActivateTracingSpan>};

}  // namespace millrace::transform
