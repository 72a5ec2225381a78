#include "source/binlog/column_plan.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/decimal.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"
#include "source/binlog/temporal_text.h"

namespace millrace::binlog {
namespace {

using Kind = ColumnValue::Kind;
using namespace temporal_text;
using record::Type;

/// The default of an integer column: Debezium rounds what has decimals, and what is beyond 64 bits is the greatest that
/// they hold. Nothing: an expression.
std::optional<int64_t> whole_number(const std::string& text) {
    if (iequals(text, "true")) return 1;
    if (iequals(text, "false")) return 0;
    if (const auto number = parse_int(text)) return number;
    double number = 0;
    const auto read = std::from_chars(text.data() + (text.starts_with('+') ? 1 : 0), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    constexpr double kTwoTo63 = 9223372036854775808.0;
    if (number >= kTwoTo63) return INT64_MAX;
    if (number < -kTwoTo63) return INT64_MIN;
    return static_cast<int64_t>(std::floor(number + 0.5));
}

}  // namespace

std::string unquote_literal(std::string_view quoted) {
    if (quoted.size() >= 2 && (quoted.front() == '\'' || quoted.front() == '"') && quoted.back() == quoted.front()) {
        const char quote = quoted.front();
        quoted = quoted.substr(1, quoted.size() - 2);
        std::string out;
        for (size_t i = 0; i < quoted.size(); ++i) {
            char c = quoted[i];
            if (c == quote && i + 1 < quoted.size() && quoted[i + 1] == quote) {
                ++i;
            } else if (c == '\\' && i + 1 < quoted.size()) {
                c = quoted[++i];
                switch (c) {
                    case 'n':
                        c = '\n';
                        break;
                    case 't':
                        c = '\t';
                        break;
                    case 'r':
                        c = '\r';
                        break;
                    case 'b':
                        c = '\b';
                        break;
                    case '0':
                        c = '\0';
                        break;
                    case 'Z':
                        c = '\x1A';
                        break;
                    default:
                        break;
                }
            }
            out += c;
        }
        return out;
    }
    return std::string(quoted);
}

ColumnPlan::ColumnPlan(const relational::Table& table, const relational::Column& column, const ValueModes& modes,
                       ColumnTreatment treatment)
    : table_name_(table.id.dotted()),
      name_(column.name),
      treatment_(std::move(treatment)),
      optional_(column.optional),
      is_unsigned_(column.type_name.find("UNSIGNED") != std::string::npos ||
                   column.type_name.find("ZEROFILL") != std::string::npos || column.type_name == "SERIAL"),
      adjust_years_(modes.adjust_two_digit_years),
      binary_(modes.binary),
      scale_(column.scale.value_or(0)) {
    json_text::append_string(name_json_, treatment_.field);
    name_json_ += ':';
    record::Schema schema;
    schema.optional = column.optional;
    for (const auto& value : column.enum_values) literals_.push_back(unquote_literal(value));
    ValueModes own = modes;
    // The converter's forms are those of the default mode, whatever time.precision.mode says.
    if (treatment_.conversion.kind == ColumnConversion::Kind::ZeroDate) own.time = TimeMode::AdaptiveMicroseconds;
    choose_form(column, own, schema);
    if (form_ == Form::Text) {
        const std::string charset = column.charset.value_or(table.default_charset.value_or("utf8mb4"));
        if (canonical_charset(charset) == "binary")
            form_ = Form::Binary;
        else
            charset_ = CharsetDecoder::make(charset);
    }
    if (form_ == Form::Binary) schema.type = modes.binary == BinaryMode::Bytes ? Type::Bytes : Type::String;
    if (modes.comments && column.comment) schema.doc = *column.comment;
    set_default(column, schema);
    if (schema.default_json) null_json_ = *schema.default_json;
    treat_schema(column, schema);
    set_unavailable(modes.unavailable);
    schema_ = std::make_shared<const record::Schema>(std::move(schema));
}

void ColumnPlan::set_default(const relational::Column& column, record::Schema& schema) {
    if (!column.default_expression) return;
    const std::string& text = *column.default_expression;
    std::string json;
    ColumnValue value;
    switch (form_) {
        case Form::Geometry:
        case Form::Point:
        case Form::FloatVector:
        case Form::Uuid:
        case Form::Inet4:
        case Form::Inet6:
        case Form::Json:
            return;
        case Form::Boolean:
            json = text == "0" || text.empty() || text == "false" ? "false" : "true";
            break;
        case Form::Bits: {
            uint64_t bits = 0;
            for (const char c : text) bits = bits << 1 | (c == '1' ? 1 : 0);
            value.kind = Kind::UInt;
            value.integer = static_cast<int64_t>(bits);
            append_bits(json, value);
            break;
        }
        case Form::Text:
        case Form::Enum:
        case Form::Set:
            json_text::append_string(json, text);
            break;
        case Form::Binary:
            append_bytes(json, text);
            break;
        case Form::ZonedTimestamp: {
            const ColumnValue at = date_time_from(text);
            const bool is_epoch = is_zero_date(at) || text == "0" || text == "1970-01-01 00:00:00";
            if (is_epoch && optional_) return;
            if (is_epoch)
                json = "\"1970-01-01T00:00:00Z\"";
            else
                iso_text::append_instant(json, micros_of(at), fraction_digits_);
            break;
        }
        case Form::Float:
        case Form::Double: {
            double number = 0;
            const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
            if (result.ec != std::errc()) return;
            if (form_ == Form::Float)
                json_text::append_float(json, static_cast<float>(number));
            else
                json_text::append_double(json, number);
            break;
        }
        case Form::DecimalText: {
            const std::string digits = iequals(text, "true") ? "1" : iequals(text, "false") ? "0" : text;
            const auto unscaled = decimal::unscaled(digits, scale_);
            if (!unscaled) return;
            json_text::append_string(json, decimal::plain_text(*unscaled, scale_));
            break;
        }
        default: {
            value = from_text(text.data(), text.size());
            if (value.kind == Kind::Null) return;
            const bool zero = (value.kind == Kind::Date || value.kind == Kind::DateTime) && is_zero_date(value);
            if (zero && optional_) return;
            if (form_ == Form::Integer || form_ == Form::UnsignedLong) {
                const auto number = whole_number(text);
                if (!number) return;
                value.integer = *number;
            } else if (value.kind == Kind::UInt && text.find_first_not_of("+0123456789") != std::string::npos) {
                return;
            }
            append_unshaped(json, value);
        }
    }
    if (json != "null") schema.default_json = json;
}

ColumnValue ColumnPlan::from_text(const char* text, size_t length) const {
    ColumnValue value;
    value.from_snapshot = true;
    if (text == nullptr) return value;
    const std::string_view body(text, length);
    const char* const end = text + length;
    switch (form_) {
        case Form::Integer:
        case Form::Year:
            value.kind = Kind::Int;
            std::from_chars(text, end, value.integer);
            if (form_ == Form::Year && adjust_years_ && value.integer < 100)
                value.integer += value.integer < 70 ? 2000 : 1900;
            break;
        case Form::UnsignedLong:
        case Form::UnsignedDecimal: {
            uint64_t number = 0;
            std::from_chars(text, end, number);
            value.kind = Kind::UInt;
            value.integer = static_cast<int64_t>(number);
            break;
        }
        case Form::Boolean:
        case Form::Bits: {
            ByteCursor cursor(body);
            value.kind = Kind::UInt;
            value.integer = static_cast<int64_t>(cursor.big(std::min<size_t>(length, 8)));
            break;
        }
        case Form::Float: {
            float number = 0;
            std::from_chars(text, end, number);
            value.kind = Kind::Float;
            value.number = static_cast<double>(number);
            break;
        }
        case Form::Double: {
            value.kind = Kind::Double;
            if (held_as_float_) {
                float number = 0;
                std::from_chars(text, end, number);
                value.number = static_cast<double>(number);
            } else {
                std::from_chars(text, end, value.number);
            }
            break;
        }
        case Form::Decimal:
        case Form::DecimalText:
        case Form::DecimalDouble:
            value.kind = Kind::Decimal;
            value.bytes = body;
            break;
        case Form::Date:
        case Form::IsoDate:
            value = date_time_from(body);
            value.kind = Kind::Date;
            value.from_snapshot = true;
            break;
        case Form::DateTimeMillis:
        case Form::DateTimeMicros:
        case Form::DateTimeNanos:
        case Form::IsoDateTime:
            value = date_time_from(body);
            value.from_snapshot = true;
            break;
        case Form::ZonedTimestamp: {
            const ColumnValue at = date_time_from(body);
            if (is_zero_date(at)) {
                if (!optional_) value.kind = Kind::Timestamp;  // the epoch
                break;
            }
            value.kind = Kind::Timestamp;
            value.integer = micros_of(at);
            break;
        }
        case Form::TimeMicros:
        case Form::TimeMillis:
        case Form::TimeNanos:
        case Form::IsoTime:
            value.kind = Kind::Time;
            value.integer = time_from(body);
            break;
        default:
            value.kind = Kind::Bytes;
            value.bytes = body;
    }
    return value;
}

}  // namespace millrace::binlog
