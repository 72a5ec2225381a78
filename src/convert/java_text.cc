#include "convert/java_text.h"

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
    const int64_t days = floor_div(ms, kDayMs);
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

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

/// toString() and Values.convertToString walk through a value alike and write its parts differently.
class TextWriter {
  public:
    enum class Style { ToString, Connect };
    TextWriter(std::string& out, record::Arena& arena, Style style)
        : out_(out), arena_(arena), is_connect_(style == Style::Connect) {}

    /// `is_part`: of a list, map or struct.
    void append(const Schema* schema, const Value& raw, bool is_part = false) {
        const Value value = schema == nullptr ? raw : record::opened(*schema, raw, arena_);
        switch (value.kind()) {
            case Value::Kind::Null:
                out_ += "null";
                break;
            case Value::Kind::Json:
                out_ += value.json();
                break;
            case Value::Kind::Boolean:
                out_ += value.boolean() ? "true" : "false";
                break;
            case Value::Kind::Integer:
                if (is_date(schema))
                    append_date(date_ms(*schema, value));
                else
                    append_number(out_, value);
                break;
            case Value::Kind::Float32:
            case Value::Kind::Float64:
                append_number(out_, value);
                break;
            case Value::Kind::Text:
                append_text(value.text(), is_part);
                break;
            case Value::Kind::Bytes:
                append_bytes(schema, value.bytes(), is_part);
                break;
            case Value::Kind::List:
                if (schema != nullptr && schema->type == record::Type::Struct)
                    append_struct(*schema, value);
                else
                    append_list(schema, value);
                break;
            case Value::Kind::Map:
                append_map(schema, value);
                break;
        }
    }

  private:
    const char* comma() const { return is_connect_ ? "," : ", "; }

    void append_date(int64_t ms) { out_ += is_connect_ ? connect_date_text(ms) : java_date(ms); }
    void append_text(std::string_view text, bool is_part) {
        if (is_connect_ && is_part)
            append_quoted(out_, text);
        else
            out_ += text;
    }
    void append_bytes(const Schema* schema, std::string_view bytes, bool is_part) {
        if (schema != nullptr && schema->is_logical(record::kDecimal)) {
            out_ += decimal::text_of(bytes, record::decimal_scale(*schema));
        } else if (is_connect_) {
            std::string base64;
            base64::append(base64, bytes);
            append_text(base64, is_part);
        } else {
            out_ += format("java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", bytes.size());
        }
    }
    /// Struct{a=1} without its nulls, or {"a":1} with defaults for them.
    void append_struct(const Schema& schema, const Value& value) {
        out_ += is_connect_ ? "{" : "Struct{";
        bool is_first = true;
        for (size_t i = 0; i < schema.fields.size(); ++i) {
            const auto& [name, part] = schema.fields[i];
            const Value& field = value.children()[i];
            if (field.is_null() && !is_connect_) continue;
            if (!std::exchange(is_first, false)) out_ += ',';
            append_text(name, true);
            out_ += is_connect_ ? ':' : '=';
            append(part.get(), field.is_null() ? record::default_of(*part) : field, true);
        }
        out_ += '}';
    }
    void append_list(const Schema* schema, const Value& value) {
        out_ += '[';
        bool is_first = true;
        for (const auto& item : value.children()) {
            if (!std::exchange(is_first, false)) out_ += comma();
            append(schema == nullptr ? nullptr : schema->items.get(), item, true);
        }
        out_ += ']';
    }
    void append_map(const Schema* schema, const Value& value) {
        out_ += '{';
        const auto pairs = value.children();
        for (size_t i = 0; i < pairs.size(); i += 2) {
            if (i > 0) out_ += comma();
            append(schema == nullptr ? nullptr : schema->keys.get(), pairs[i], true);
            out_ += is_connect_ ? ':' : '=';
            append(schema == nullptr ? nullptr : schema->items.get(), pairs[i + 1], true);
        }
        out_ += '}';
    }

    std::string& out_;
    record::Arena& arena_;
    const bool is_connect_;
};

}  // namespace

std::string connect_date_text(int64_t ms) {
    const int64_t days = floor_div(ms, kDayMs);
    const int64_t rest = ms - days * kDayMs;
    const auto date = civil_from_days(days);
    const std::string day = format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
    std::string time =
        format("{:02}:{:02}:{:02}.{:03}Z", rest / 3'600'000, rest / 60'000 % 60, rest / 1000 % 60, rest % 1000);
    if (ms < kDayMs) return time;
    return rest == 0 ? day : day + "T" + time;
}

void append_java_text(std::string& out, const Schema* schema, const Value& value, record::Arena& arena) {
    TextWriter(out, arena, TextWriter::Style::ToString).append(schema, value);
}

void append_connect_text(std::string& out, const Schema* schema, const Value& value, record::Arena& arena) {
    TextWriter(out, arena, TextWriter::Style::Connect).append(schema, value);
}

}  // namespace millrace::convert
