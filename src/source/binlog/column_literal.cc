#include "base/json_text.h"
#include "base/text.h"
#include "source/binlog/column_plan.h"
#include "source/binlog/connection.h"
#include "source/binlog/temporal_text.h"

namespace millrace::binlog {
namespace {

using Kind = ColumnValue::Kind;

std::string hex_literal(std::string_view bytes) {
    return format("x'{}'", hex(bytes));
}

std::string date_literal(const ColumnValue& value) {
    return format("'{:04}-{:02}-{:02}'", value.year, value.month, value.day);
}

std::string date_time_literal(const ColumnValue& value) {
    return format("'{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}'", value.year, value.month, value.day, value.hour,
                  value.minute, value.second, value.micros);
}

std::string time_literal(int64_t micros) {
    const auto total = static_cast<uint64_t>(micros < 0 ? -micros : micros);
    const uint64_t seconds = total / 1'000'000;
    return format("'{}{:02}:{:02}:{:02}.{:06}'", micros < 0 ? "-" : "", seconds / 3600, seconds / 60 % 60, seconds % 60,
                  total % 1'000'000);
}

/// In UTC, which the session has.
std::string timestamp_literal(int64_t micros) {
    if (micros == 0) return "'0000-00-00 00:00:00'";
    std::string text;
    iso_text::append_instant(text, micros, 6);
    std::string literal = text.substr(1, 26);  // without quotes and zone
    literal[10] = ' ';
    return format("'{}'", literal);
}

}  // namespace

std::string ColumnPlan::condition(const ColumnValue& value) {
    const std::string name = quote_name(name_);
    return value.kind == Kind::Null ? name + " IS NULL" : format("{} = {}", name, literal(value));
}

std::string ColumnPlan::literal(const ColumnValue& value) {
    switch (value.kind) {
        case Kind::Null:
            break;
        case Kind::Int:
            // the log counts YEAR from 1900 on, with 0000 in that year's place
            return std::to_string(form_ == Form::Year && value.integer == 1900 ? 0 : value.integer);
        case Kind::UInt:
            return std::to_string(static_cast<uint64_t>(value.integer));
        case Kind::Float:
        case Kind::Double:
            return format("{:.17g}", value.number);
        case Kind::Decimal:
            return std::string(value.bytes);
        case Kind::Date:
            return date_literal(value);
        case Kind::DateTime:
            return date_time_literal(value);
        case Kind::Time:
            return time_literal(value.integer);
        case Kind::Timestamp:
            return timestamp_literal(value.integer);
        case Kind::Bytes:
            return bytes_literal(value);
    }
    return "NULL";
}

/// Texts as UTF-8, which the server brings into the column's character set.
std::string ColumnPlan::bytes_literal(const ColumnValue& value) {
    std::string json;
    switch (form_) {
        case Form::Text:
            append_text_value(json, value);
            return quote_text(json_text::unquoted(json));
        case Form::Uuid:
        case Form::Inet4:
        case Form::Inet6:
            append_address(json, value);
            return quote_text(json_text::unquoted(json));
        default:
            break;
    }
    std::string bytes(value.bytes);
    if (bytes.size() < size_) bytes.resize(size_);  // BINARY: the log has no zeros at its end
    return hex_literal(bytes);
}

}  // namespace millrace::binlog
