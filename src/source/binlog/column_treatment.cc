#include "source/binlog/column_treatment.h"

#include <charconv>

#include "base/base64.h"
#include "base/calendar.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"
#include "source/binlog/column_plan.h"
#include "source/binlog/temporal_text.h"

/// What custom converters make of a column's values and schema.
namespace millrace::binlog {
namespace {

using Conversion = ColumnConversion::Kind;
using Kind = ColumnValue::Kind;
using record::Type;

}  // namespace

void ColumnPlan::treat_schema(const relational::Column& column, record::Schema& schema) {
    switch (treatment_.conversion.kind) {
        case Conversion::None:
            break;
        case Conversion::ZeroDate: {
            const std::string& fallback = treatment_.conversion.fallback;
            if (fallback == "null") schema.optional = true;
            if (schema.default_json) schema.default_json = fallback;
            if (fallback == "null") schema.default_json.reset();
            null_json_ = fallback;
            break;
        }
        case Conversion::Boolean:
            schema.type = Type::Boolean;
            break;
        case Conversion::SmallBoolean:
            schema.type = Type::Int16;
            break;
        case Conversion::Real:
            schema.type = Type::Float32;
            break;
        case Conversion::Double:
            schema.type = Type::Float64;
            break;
        case Conversion::Text:
            schema.type = Type::String;
            break;
    }
    if (treatment_.conversion.kind != Conversion::None && treatment_.conversion.kind != Conversion::ZeroDate) {
        schema.name.clear();
        schema.version.reset();
        schema.parameters.clear();
        if (treatment_.conversion.kind == Conversion::Text)
            schema.parameters = {{"__debezium.source.column.character_set", treatment_.conversion.charset}};
    }
    key_schema_ = std::make_shared<const record::Schema>(schema);
    shaper_ = engine::ColumnShaper(treatment_.shape, table_name_, column, column.type_name, schema);
}

/// Only text and bytes without a form of their own can be anything.
void ColumnPlan::set_unavailable(const std::string& placeholder) {
    if (treatment_.conversion.kind != Conversion::None) return;
    if (!shaper_.mask_json().empty() && form_ != Form::Binary) {
        unavailable_json_ = shaper_.mask_json();
    } else if (form_ == Form::Text || form_ == Form::Json) {
        json_text::append_string(unavailable_json_, placeholder);
    } else if (form_ == Form::Binary) {
        unavailable_json_ = '"';
        if (binary_ == BinaryMode::Hex)
            unavailable_json_ += hex(placeholder);
        else if (binary_ == BinaryMode::Base64UrlSafe)
            base64::append_url_safe(unavailable_json_, placeholder);
        else
            base64::append(unavailable_json_, placeholder);
        unavailable_json_ += '"';
    }
}

void ColumnPlan::append(std::string& out, const ColumnValue& value) {
    const size_t start = out.size();
    append_unshaped(out, value);
    if (shaper_.is_shaped()) shaper_.shape(out, start, value.kind == Kind::Null, null_json_);
}

void ColumnPlan::append_key(std::string& out, const ColumnValue& value) {
    writes_numbers_ = decimals_.in_keys;
    append_unshaped(out, value);
    writes_numbers_ = decimals_.in_values;
}

void ColumnPlan::append_unshaped(std::string& out, const ColumnValue& value) {
    if (treatment_.conversion.kind == Conversion::None)
        append_plain(out, value);
    else
        append_converted(out, value);
}

/// The number that a converter of numbers is given; text is read as one.
double ColumnPlan::number_of(const ColumnValue& value) const {
    switch (value.kind) {
        case Kind::Int:
            return static_cast<double>(value.integer);
        case Kind::UInt:
            return static_cast<double>(static_cast<uint64_t>(value.integer));
        case Kind::Float:
        case Kind::Double:
            return value.number;
        default:
            break;
    }
    if (iequals(value.bytes, "true")) return 1;
    if (iequals(value.bytes, "false")) return 0;
    double number = 0;
    const auto read = std::from_chars(value.bytes.data(), value.bytes.data() + value.bytes.size(), number);
    if (read.ec != std::errc())
        throw FatalError(format("The custom converter cannot make a number of a value in column {} of table {}", name_,
                                table_name_));
    return number;
}

/// ZeroDateFallbackConverter
void ColumnPlan::append_or_fallback(std::string& out, const ColumnValue& value) {
    const bool is_date = value.kind == Kind::Date || value.kind == Kind::DateTime;
    const bool is_no_day = is_date && (temporal_text::is_zero_date(value) || value.month > 12 ||
                                       value.day > days_in_month(value.year, value.month));
    const bool is_zero = value.kind == Kind::Null || is_no_day || (value.kind == Kind::Timestamp && value.integer == 0);
    if (is_zero)
        out += treatment_.conversion.fallback;
    else if (value.kind == Kind::Timestamp)
        iso_text::append_instant(out, value.integer, -1);
    else
        append_plain(out, value);
}

void ColumnPlan::append_converted(std::string& out, const ColumnValue& value) {
    const auto& conversion = treatment_.conversion;
    if (conversion.kind == Conversion::ZeroDate) {
        append_or_fallback(out, value);
        return;
    }
    if (value.kind == Kind::Null) {
        if (optional_ || null_json_ != "null") {
            append_null(out);
            return;
        }
        switch (conversion.kind) {
            case Conversion::Boolean:
                out += "false";
                break;
            case Conversion::SmallBoolean:
                out += '0';
                break;
            case Conversion::Real:
            case Conversion::Double:
                out += "0.0";
                break;
            default:
                out += "\"\"";
        }
        return;
    }
    switch (conversion.kind) {
        case Conversion::Boolean:
            out += number_of(value) > 0 ? "true" : "false";
            break;
        case Conversion::SmallBoolean:
            out += number_of(value) > 0 ? '1' : '0';
            break;
        case Conversion::Real:
            json_text::append_float(out, static_cast<float>(number_of(value)));
            break;
        case Conversion::Double:
            json_text::append_double(out, number_of(value));
            break;
        case Conversion::Text:
            append_text_conversion(out, value);
            break;
        default:
            append_plain(out, value);
    }
}

void ColumnPlan::append_text_conversion(std::string& out, const ColumnValue& value) {
    if (form_ == Form::Binary) {
        json_text::append_string(out, value.bytes);  // what is not UTF-8 becomes U+FFFD
        return;
    }
    if (form_ == Form::Text && charset_ != nullptr && !treatment_.conversion.decodes_charset) {
        if (value.from_snapshot)
            json_text::append_string(out, encoded_in_charset(treatment_.conversion.charset, value.bytes));
        else
            json_text::append_string(out, value.bytes);
        return;
    }
    const size_t start = out.size();
    append_plain(out, value);
    if (out[start] == '"') return;
    out.insert(start, 1, '"');
    out += '"';
}

}  // namespace millrace::binlog
