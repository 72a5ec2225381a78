#include "source/binlog/column_treatment.h"

#include <charconv>

#include "base/base64.h"
#include "base/calendar.h"
#include "base/digest.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"
#include "source/binlog/column_plan.h"
#include "source/binlog/temporal_text.h"

/// What custom converters, masks and truncation make of a column's values and schema.
namespace millrace::binlog {
namespace {

using Conversion = ColumnConversion::Kind;
using Shape = relational::ColumnShape::Kind;
using Kind = ColumnValue::Kind;
using record::Type;

/// Cuts a JSON string, which begins at `start` of `out`, to so many UTF-16 units.
void truncate_json_string(std::string& out, size_t start, int units) {
    size_t at = start + 1;
    const size_t end = out.size() - 1;
    while (at < end && units > 0) {
        const auto c = static_cast<unsigned char>(out[at]);
        if (c == '\\')
            at += out[at + 1] == 'u' ? 6 : 2;
        else
            at += c < 0x80 ? 1 : c < 0xE0 ? 2 : 3;  // four bytes are never written: they stand as two escapes
        --units;
    }
    if (at >= end) return;
    out.resize(at);
    out += '"';
}

/// Java's ObjectOutputStream of a String (Java Object Serialization Specification, 6.4.2).
std::string java_serialized(const std::u16string& text) {
    std::string bytes;  // modified UTF-8: NUL takes two bytes, surrogates stand by themselves
    for (const char16_t unit : text) {
        if (unit != 0 && unit < 0x80) {
            bytes += static_cast<char>(unit);
        } else if (unit < 0x800) {
            bytes += static_cast<char>(0xC0 | unit >> 6);
            bytes += static_cast<char>(0x80 | (unit & 63));
        } else {
            bytes += static_cast<char>(0xE0 | unit >> 12);
            bytes += static_cast<char>(0x80 | (unit >> 6 & 63));
            bytes += static_cast<char>(0x80 | (unit & 63));
        }
    }
    const bool is_long = bytes.size() > 0xFFFF;
    std::string out = "\xAC\xED";
    out += '\0';
    out += '\x05';
    out += is_long ? '\x7C' : '\x74';
    for (int shift = is_long ? 56 : 8; shift >= 0; shift -= 8) out += static_cast<char>(bytes.size() >> shift & 255);
    return out + bytes;
}

}  // namespace

/// Masks and hashes are for text: java.sql.Types CHAR, VARCHAR, NCHAR, NVARCHAR.
bool ColumnPlan::is_text_to_masks() const {
    using namespace relational::jdbc;
    return jdbc_type_ == kChar || jdbc_type_ == kVarchar || jdbc_type_ == kNChar || jdbc_type_ == kNVarchar;
}

void ColumnPlan::treat_schema(const relational::Column& column, record::Schema& schema) {
    const auto& shape = treatment_.shape;
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
    switch (shape.kind) {
        case Shape::AsIs:
            break;
        case Shape::Truncate:
            is_truncated_ = !column.length || *column.length > shape.length;
            if (is_truncated_) schema.parameters.emplace_back("truncateLength", std::to_string(shape.length));
            break;
        case Shape::Mask:
        case Shape::HashV1:
        case Shape::HashV2:
            schema.parameters.emplace_back("masked", "true");
            is_masked_ = is_text_to_masks();
            break;
        case Shape::Propagate:
            schema.parameters.emplace_back("__debezium.source.column.type", upper(column.type_name));
            if (column.length)
                schema.parameters.emplace_back("__debezium.source.column.length", std::to_string(*column.length));
            if (column.scale)
                schema.parameters.emplace_back("__debezium.source.column.scale", std::to_string(*column.scale));
            if (column.comment && !column.comment->empty())
                schema.parameters.emplace_back("__debezium.source.column.comment", *column.comment);
            schema.parameters.emplace_back("__debezium.source.column.name", column.name);
            break;
    }
    if (is_masked_ && shape.kind == Shape::Mask)
        json_text::append_string(mask_json_, std::string(static_cast<size_t>(shape.length), '*'));
    if (is_masked_ && shape.kind != Shape::Mask) digest_ = Digest::make(shape.algorithm);
    hash_length_ = column.length.value_or(0);
}

/// Only text and bytes without a form of their own can be anything.
void ColumnPlan::set_unavailable(const std::string& placeholder) {
    if (treatment_.conversion.kind != Conversion::None) return;
    if (is_masked_ && treatment_.shape.kind == Shape::Mask && form_ != Form::Binary) {
        unavailable_json_ = mask_json_;
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
    if (!is_shaped())
        append_unshaped(out, value);
    else if (is_truncated_)
        append_truncated(out, value);
    else if (treatment_.shape.kind == Shape::Mask)
        append_masked(out, mask_json_);
    else
        append_hash(out, value);
}

void ColumnPlan::append_unshaped(std::string& out, const ColumnValue& value) {
    if (treatment_.conversion.kind == Conversion::None)
        append_plain(out, value);
    else
        append_converted(out, value);
}

/// A mask is text; a column of another type cannot hold it.
void ColumnPlan::append_masked(std::string& out, std::string_view json) const {
    if (form_ != Form::Binary || binary_ != BinaryMode::Bytes)
        out += json;
    else if (optional_)
        append_null(out);
    else
        throw FatalError(
            format("{} cannot mask column {} of table {}: it holds bytes and may not be null. Leave it out "
                   "with column.exclude.list, or set binary.handling.mode=base64",
                   treatment_.shape.property, name_, table_name_));
}

void ColumnPlan::append_truncated(std::string& out, const ColumnValue& value) {
    if (value.kind == Kind::Null) {
        append_unshaped(out, value);
        return;
    }
    const auto length = static_cast<size_t>(treatment_.shape.length);
    if (form_ == Form::Binary && binary_ == BinaryMode::Bytes) {
        std::string padded(value.bytes);
        if (size_ > padded.size()) padded.resize(size_, '\0');
        json_text::append_base64(out, std::string_view(padded).substr(0, length));
        return;
    }
    const size_t start = out.size();
    append_unshaped(out, value);
    const bool is_base64 = form_ == Form::Decimal || form_ == Form::UnsignedDecimal || form_ == Form::Bits;
    if (out[start] == '"' && !is_base64) truncate_json_string(out, start, treatment_.shape.length);
}

void ColumnPlan::append_hash(std::string& out, const ColumnValue& value) {
    if (value.kind == Kind::Null) {
        append_null(out);
        return;
    }
    std::string json;
    append_unshaped(json, value);
    if (json.size() < 2 || json[0] != '"' || (form_ == Form::Binary && binary_ == BinaryMode::Bytes)) {
        append_masked(out, "null");
        return;
    }
    const std::string text = json_text::unquoted(json);
    digest_->begin();
    digest_->add(treatment_.shape.salt);
    digest_->add(treatment_.shape.kind == Shape::HashV1 ? java_serialized(to_utf16(text)) : text);
    const size_t start = out.size();
    out += '"';
    digest_->append_hex(out);
    if (hash_length_ > 0) out.resize(std::min(out.size(), start + 1 + static_cast<size_t>(hash_length_)));
    out += '"';
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
        temporal_text::append_iso_instant(out, value.integer, -1);
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
