#include "convert/java_text.h"

#include <array>
#include <cmath>
#include <utility>

#include "base/base64.h"
#include "base/calendar.h"
#include "base/decimal.h"
#include "base/json_text.h"
#include "base/text.h"
#include "record/struct_view.h"

namespace millrace::convert {
namespace {

using record::Schema;
using record::Value;

constexpr int64_t kDayMs = 86'400'000;

bool is_date(const Schema* schema) {
    return schema != nullptr && (schema->is_logical(record::kDate) || schema->is_logical(record::kTime) ||
                                 schema->is_logical(record::kTimestamp));
}

int64_t date_ms(const Schema& schema, const Value& value) {
    return schema.is_logical(record::kDate) ? value.integer() * kDayMs : value.integer();
}

/// java.util.Date.toString() in UTC: "Mon Mar 04 05:06:07 UTC 2024".
std::string java_date(int64_t ms) {
    constexpr const char* kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const int64_t days = (ms >= 0 ? ms : ms - kDayMs + 1) / kDayMs;
    const int64_t seconds = (ms - days * kDayMs) / 1000;
    const auto date = civil_from_days(days);
    return format("{} {} {:02} {:02}:{:02}:{:02} UTC {:04}", kDays[((days % 7) + 7) % 7], kMonths[date.month - 1],
                  date.day, seconds / 3600, seconds / 60 % 60, seconds % 60, date.year);
}

/// Float.toString and Double.toString; NaN and the infinities have no quotes.
void append_number(std::string& out, const Value& value) {
    if (value.is(Value::Kind::Integer))
        json_text::append_int(out, value.integer());
    else if (std::isnan(value.floating()))
        out += "NaN";
    else if (std::isinf(value.floating()))
        out += value.floating() > 0 ? "Infinity" : "-Infinity";
    else if (value.is(Value::Kind::Float32))
        json_text::append_float(out, static_cast<float>(value.floating()));
    else
        json_text::append_double(out, value.floating());
}

void append_java_struct(std::string& out, const Schema& schema, const Value& value, record::Arena& arena) {
    out += "Struct{";
    bool is_first = true;
    for (size_t i = 0; i < schema.fields.size(); ++i) {
        const Value& field = value.children()[i];
        if (field.is_null()) continue;
        if (!std::exchange(is_first, false)) out += ',';
        out += schema.fields[i].name;
        out += '=';
        append_java_text(out, schema.fields[i].schema.get(), field, arena);
    }
    out += '}';
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

void append_embedded(std::string& out, const Schema* schema, const Value& raw, record::Arena& arena, bool is_embedded) {
    const Value value = schema == nullptr ? raw : record::opened(*schema, raw, arena);
    const auto with_quotes = [&](std::string_view text) { is_embedded ? append_quoted(out, text) : void(out += text); };
    switch (value.kind()) {
        case Value::Kind::Null:
            out += "null";
            break;
        case Value::Kind::Json:
            out += value.json();
            break;
        case Value::Kind::Boolean:
            out += value.boolean() ? "true" : "false";
            break;
        case Value::Kind::Integer:
            if (is_date(schema)) {
                out += connect_date_text(date_ms(*schema, value));
                break;
            }
            [[fallthrough]];
        case Value::Kind::Float32:
        case Value::Kind::Float64:
            append_number(out, value);
            break;
        case Value::Kind::Text:
            with_quotes(value.text());
            break;
        case Value::Kind::Bytes:
            if (schema != nullptr && schema->is_logical(record::kDecimal)) {
                out += decimal::text_of(value.bytes(), record::decimal_scale(*schema));
            } else {
                std::string base64;
                base64::append(base64, value.bytes());
                with_quotes(base64);
            }
            break;
        case Value::Kind::List: {
            const bool is_struct = schema != nullptr && schema->type == record::Type::Struct;
            out += is_struct ? '{' : '[';
            const auto children = value.children();
            for (size_t i = 0; i < children.size(); ++i) {
                if (i > 0) out += ',';
                if (is_struct) {
                    append_quoted(out, schema->fields[i].name);
                    out += ':';
                    const Schema& part = *schema->fields[i].schema;
                    append_embedded(out, &part, children[i].is_null() ? record::default_of(part) : children[i], arena,
                                    true);
                } else {
                    append_embedded(out, schema == nullptr ? nullptr : schema->items.get(), children[i], arena, true);
                }
            }
            out += is_struct ? '}' : ']';
            break;
        }
        case Value::Kind::Map: {
            out += '{';
            const auto pairs = value.children();
            for (size_t i = 0; i < pairs.size(); i += 2) {
                if (i > 0) out += ',';
                append_embedded(out, schema == nullptr ? nullptr : schema->keys.get(), pairs[i], arena, true);
                out += ':';
                append_embedded(out, schema == nullptr ? nullptr : schema->items.get(), pairs[i + 1], arena, true);
            }
            out += '}';
            break;
        }
    }
}

}  // namespace

std::string connect_date_text(int64_t ms) {
    const int64_t days = (ms >= 0 ? ms : ms - kDayMs + 1) / kDayMs;
    const int64_t rest = ms - days * kDayMs;
    const auto date = civil_from_days(days);
    const std::string day = format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
    std::string time =
        format("{:02}:{:02}:{:02}.{:03}Z", rest / 3'600'000, rest / 60'000 % 60, rest / 1000 % 60, rest % 1000);
    if (ms < kDayMs) return time;
    return rest == 0 ? day : day + "T" + time;
}

void append_java_text(std::string& out, const Schema* schema, const Value& raw, record::Arena& arena) {
    const Value value = schema == nullptr ? raw : record::opened(*schema, raw, arena);
    switch (value.kind()) {
        case Value::Kind::Null:
            out += "null";
            break;
        case Value::Kind::Json:
            out += value.json();
            break;
        case Value::Kind::Boolean:
            out += value.boolean() ? "true" : "false";
            break;
        case Value::Kind::Integer:
            if (is_date(schema)) {
                out += java_date(date_ms(*schema, value));
                break;
            }
            [[fallthrough]];
        case Value::Kind::Float32:
        case Value::Kind::Float64:
            append_number(out, value);
            break;
        case Value::Kind::Text:
            out += value.text();
            break;
        case Value::Kind::Bytes:
            if (schema != nullptr && schema->is_logical(record::kDecimal))
                out += decimal::text_of(value.bytes(), record::decimal_scale(*schema));
            else
                out += format("java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", value.bytes().size());
            break;
        case Value::Kind::List: {
            if (schema != nullptr && schema->type == record::Type::Struct) {
                append_java_struct(out, *schema, value, arena);
                break;
            }
            out += '[';
            bool is_first = true;
            for (const auto& item : value.children()) {
                if (!std::exchange(is_first, false)) out += ", ";
                append_java_text(out, schema == nullptr ? nullptr : schema->items.get(), item, arena);
            }
            out += ']';
            break;
        }
        case Value::Kind::Map: {
            out += '{';
            const auto pairs = value.children();
            for (size_t i = 0; i < pairs.size(); i += 2) {
                if (i > 0) out += ", ";
                append_java_text(out, schema == nullptr ? nullptr : schema->keys.get(), pairs[i], arena);
                out += '=';
                append_java_text(out, schema == nullptr ? nullptr : schema->items.get(), pairs[i + 1], arena);
            }
            out += '}';
            break;
        }
    }
}

void append_connect_text(std::string& out, const Schema* schema, const Value& value, record::Arena& arena) {
    append_embedded(out, schema, value, arena, false);
}

}  // namespace millrace::convert
