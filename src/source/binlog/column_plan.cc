#include "source/binlog/column_plan.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/base64.h"
#include "base/calendar.h"
#include "base/decimal.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"
#include "source/binlog/json_binary.h"
#include "source/binlog/temporal_text.h"

namespace millrace::binlog {
namespace {

using Kind = ColumnValue::Kind;
using namespace temporal_text;
using json_text::append_int;
using record::Type;

bool starts_with_word(std::string_view type, std::string_view word) {
    return type.starts_with(word) && (type.size() == word.size() || type[word.size()] == ' ');
}
template <typename... Words>
bool is_one_of(std::string_view type, Words... words) {
    return (starts_with_word(type, words) || ...);
}

void name_schema(record::Schema& schema, Type type, std::string name = {}) {
    schema.type = type;
    schema.name = std::move(name);
    if (!schema.name.empty()) schema.version = 1;
}

void name_decimal(record::Schema& schema, int precision, int scale) {
    name_schema(schema, Type::Bytes, "org.apache.kafka.connect.data.Decimal");
    schema.parameters = {{"scale", std::to_string(scale)}, {"connect.decimal.precision", std::to_string(precision)}};
}

void name_geometry(record::Schema& schema, bool point) {
    name_schema(schema, Type::Struct, point ? "io.debezium.data.geometry.Point" : "io.debezium.data.geometry.Geometry");
    schema.doc = point ? "Geometry (POINT)" : "Geometry";
    schema.optional = true;  // also of NOT NULL columns, as Debezium builds them
    if (point) {
        schema.fields.push_back({"x", record::plain(Type::Float64)});
        schema.fields.push_back({"y", record::plain(Type::Float64)});
    }
    schema.fields.push_back({"wkb", record::plain(Type::Bytes, point)});
    schema.fields.push_back({"srid", record::plain(Type::Int32, true)});
}

std::string allowed_parameter(const std::vector<std::string>& literals) {
    std::string out;
    for (const auto& literal : literals) {
        if (&literal != &literals.front()) out += ',';
        for (const char c : literal) {
            if (c == ',') out += '\\';
            out += c;
        }
    }
    return out;
}

int64_t floor_div(int64_t value, int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
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

ColumnPlan::ColumnPlan(const relational::Table& table, const relational::Column& column, const ValueModes& modes)
    : table_name_(table.id.dotted()),
      name_(column.name),
      optional_(column.optional),
      is_unsigned_(column.type_name.find("UNSIGNED") != std::string::npos ||
                   column.type_name.find("ZEROFILL") != std::string::npos || column.type_name == "SERIAL"),
      adjust_years_(modes.adjust_two_digit_years),
      binary_(modes.binary),
      scale_(column.scale.value_or(0)) {
    json_text::append_string(name_json_, column.name);
    name_json_ += ':';
    record::Schema schema;
    schema.optional = column.optional;
    for (const auto& value : column.enum_values) literals_.push_back(unquote_literal(value));
    choose_form(column, modes, schema);
    if (form_ == Form::Text) {
        const std::string charset = column.charset.value_or(table.default_charset.value_or("utf8mb4"));
        if (canonical_charset(charset) == "binary")
            form_ = Form::Binary;
        else
            charset_ = CharsetDecoder::make(charset);
    }
    if (form_ == Form::Binary) name_schema(schema, modes.binary == BinaryMode::Bytes ? Type::Bytes : Type::String);
    if (modes.comments && column.comment) schema.doc = *column.comment;
    set_default(column, schema);
    if (schema.default_json) null_json_ = *schema.default_json;
    schema_ = std::make_shared<const record::Schema>(std::move(schema));
}

void ColumnPlan::choose_form(const relational::Column& column, const ValueModes& modes, record::Schema& schema) {
    const std::string& type = column.type_name;
    const auto integer = [&](Type as) {
        form_ = Form::Integer;
        name_schema(schema, as);
    };
    if (is_one_of(type, "TINYINT", "INT1", "BOOL", "BOOLEAN")) {
        integer(Type::Int16);
    } else if (is_one_of(type, "SMALLINT", "INT2")) {
        integer(is_unsigned_ ? Type::Int32 : Type::Int16);
    } else if (is_one_of(type, "MEDIUMINT", "INT3", "MIDDLEINT")) {
        integer(Type::Int32);
    } else if (is_one_of(type, "INT", "INTEGER", "INT4")) {
        integer(is_unsigned_ ? Type::Int64 : Type::Int32);
    } else if (is_one_of(type, "BIGINT", "INT8", "SERIAL")) {
        integer(Type::Int64);
        if (is_unsigned_) form_ = Form::UnsignedLong;
        if (is_unsigned_ && modes.unsigned_bigint_precise) {
            form_ = Form::UnsignedDecimal;
            name_decimal(schema, 20, 0);
        }
    } else if (is_one_of(type, "BIT")) {
        const int bits = column.length.value_or(1);
        size_ = static_cast<size_t>(bits + 7) / 8;
        if (bits <= 1) {
            form_ = Form::Boolean;
            name_schema(schema, Type::Boolean);
        } else {
            form_ = Form::Bits;
            name_schema(schema, Type::Bytes, "io.debezium.data.Bits");
            schema.parameters = {{"length", std::to_string(bits)}};
        }
    } else if (is_one_of(type, "DECIMAL", "NUMERIC", "DEC", "FIXED")) {
        if (modes.decimal == DecimalMode::Precise) {
            form_ = Form::Decimal;
            name_decimal(schema, column.length.value_or(10), scale_);
        } else {
            form_ = modes.decimal == DecimalMode::Double ? Form::DecimalDouble : Form::DecimalText;
            name_schema(schema, modes.decimal == DecimalMode::Double ? Type::Float64 : Type::String);
        }
    } else if (is_one_of(type, "FLOAT", "FLOAT4")) {
        // FLOAT(M,D) and FLOAT(p) with p > 24 are doubles to Debezium.
        const bool wide = column.scale.has_value() || column.length.value_or(0) > 24;
        form_ = wide ? Form::Double : Form::Float;
        held_as_float_ = column.scale.has_value();
        name_schema(schema, wide ? Type::Float64 : Type::Float32);
    } else if (is_one_of(type, "DOUBLE", "REAL", "FLOAT8")) {
        form_ = Form::Double;
        name_schema(schema, Type::Float64);
    } else if (is_one_of(type, "JSON")) {
        form_ = Form::Json;
        name_schema(schema, Type::String, "io.debezium.data.Json");
        if (column.jdbc_type == relational::jdbc::kVarchar) {  // MariaDB's alias of LONGTEXT
            form_ = Form::Text;
            name_schema(schema, Type::String);
        }
    } else if (is_one_of(type, "ENUM", "SET")) {
        const bool is_enum = type == "ENUM";
        form_ = is_enum ? Form::Enum : Form::Set;
        name_schema(schema, Type::String, is_enum ? "io.debezium.data.Enum" : "io.debezium.data.EnumSet");
        schema.parameters = {{"allowed", allowed_parameter(literals_)}};
    } else if (is_one_of(type, "YEAR", "DATE", "TIME", "DATETIME", "TIMESTAMP")) {
        choose_time_form(column, modes, schema);
    } else if (is_one_of(type, "POINT")) {
        form_ = Form::Point;
        name_geometry(schema, true);
    } else if (is_one_of(type, "GEOMETRY", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON",
                         "GEOMCOLLECTION", "GEOMETRYCOLLECTION")) {
        form_ = Form::Geometry;
        name_geometry(schema, false);
    } else if (is_one_of(type, "VECTOR")) {
        form_ = Form::FloatVector;
        name_schema(schema, Type::Array, "io.debezium.data.FloatVector");
        schema.items = record::plain(Type::Float32);
    } else if (is_one_of(type, "UUID")) {
        form_ = Form::Uuid;
        name_schema(schema, Type::String, "io.debezium.data.Uuid");
    } else if (is_one_of(type, "INET4", "INET6")) {
        form_ = type == "INET4" ? Form::Inet4 : Form::Inet6;
        name_schema(schema, Type::String);
    } else if (is_one_of(type, "BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "LONG VARBINARY",
                         "CHAR BYTE")) {
        form_ = Form::Binary;
        if (is_one_of(type, "BINARY", "CHAR BYTE")) size_ = static_cast<size_t>(column.length.value_or(1));
    } else if (is_one_of(type, "CHAR", "VARCHAR", "CHARACTER", "NCHAR", "NVARCHAR", "NATIONAL", "TINYTEXT", "TEXT",
                         "MEDIUMTEXT", "LONGTEXT", "LONG", "VARCHARACTER")) {
        form_ = Form::Text;
        name_schema(schema, Type::String);
    } else {
        throw FatalError(
            format("Column {} of table {} has the type {}, which Millrace does not know; leave it out with "
                   "column.exclude.list={}.{}",
                   column.name, table_name_, type, table_name_, column.name));
    }
}

void ColumnPlan::choose_time_form(const relational::Column& column, const ValueModes& modes, record::Schema& schema) {
    const std::string& type = column.type_name;
    const int digits = column.length.value_or(-1);
    if (type == "YEAR") {
        form_ = Form::Year;
        name_schema(schema, Type::Int32, "io.debezium.time.Year");
    } else if (type == "DATE") {
        const bool iso = modes.time == TimeMode::IsoString;
        form_ = iso ? Form::IsoDate : Form::Date;
        name_schema(schema, iso ? Type::String : Type::Int32,
                    iso                               ? "io.debezium.time.IsoDate"
                    : modes.time == TimeMode::Connect ? "org.apache.kafka.connect.data.Date"
                                                      : "io.debezium.time.Date");
    } else if (type == "TIME") {
        switch (modes.time) {
            case TimeMode::AdaptiveMicroseconds:
            case TimeMode::Microseconds:
                form_ = Form::TimeMicros;
                name_schema(schema, Type::Int64, "io.debezium.time.MicroTime");
                break;
            case TimeMode::Nanoseconds:
                form_ = Form::TimeNanos;
                name_schema(schema, Type::Int64, "io.debezium.time.NanoTime");
                break;
            case TimeMode::Connect:
                form_ = Form::TimeMillis;
                name_schema(schema, Type::Int32, "org.apache.kafka.connect.data.Time");
                break;
            case TimeMode::IsoString:
                form_ = Form::IsoTime;
                name_schema(schema, Type::String, "io.debezium.time.IsoTime");
                break;
        }
    } else if (type == "DATETIME") {
        switch (modes.time) {
            case TimeMode::AdaptiveMicroseconds:
                form_ = digits <= 3 ? Form::DateTimeMillis : Form::DateTimeMicros;
                name_schema(schema, Type::Int64,
                            digits <= 3 ? "io.debezium.time.Timestamp" : "io.debezium.time.MicroTimestamp");
                break;
            case TimeMode::Connect:
                form_ = Form::DateTimeMillis;
                name_schema(schema, Type::Int64, "org.apache.kafka.connect.data.Timestamp");
                break;
            case TimeMode::Microseconds:
                form_ = Form::DateTimeMicros;
                name_schema(schema, Type::Int64, "io.debezium.time.MicroTimestamp");
                break;
            case TimeMode::Nanoseconds:
                form_ = Form::DateTimeNanos;
                name_schema(schema, Type::Int64, "io.debezium.time.NanoTimestamp");
                break;
            case TimeMode::IsoString:
                form_ = Form::IsoDateTime;
                name_schema(schema, Type::String, "io.debezium.time.IsoTimestamp");
                break;
        }
    } else {
        form_ = Form::ZonedTimestamp;
        fraction_digits_ = digits;
        name_schema(schema, Type::String, "io.debezium.time.ZonedTimestamp");
    }
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
                append_iso_instant(json, micros_of(at), fraction_digits_);
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
        default: {
            value = from_text(text.data(), text.size());
            if (value.kind == Kind::Null) return;
            const bool zero = (value.kind == Kind::Date || value.kind == Kind::DateTime) && is_zero_date(value);
            if (zero && optional_) return;
            if ((value.kind == Kind::Int || value.kind == Kind::UInt) && !parse_int(text) &&
                text.find_first_not_of("+-0123456789") != std::string::npos)
                return;
            append(json, value);
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

void ColumnPlan::append(std::string& out, const ColumnValue& value) {
    if (value.kind == Kind::Null) {
        append_null(out);
        return;
    }
    switch (form_) {
        case Form::Integer:
        case Form::UnsignedLong:
        case Form::Year:
            append_int(out, value.integer);
            return;
        case Form::UnsignedDecimal: {
            char digits[24];
            const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<uint64_t>(value.integer)).ptr;
            append_decimal(out, {digits, static_cast<size_t>(end - digits)});
            return;
        }
        case Form::Boolean:
            out += value.integer != 0 ? "true" : "false";
            return;
        case Form::Bits:
            append_bits(out, value);
            return;
        case Form::Float:
            json_text::append_float(out, static_cast<float>(value.number));
            return;
        case Form::Double:
            json_text::append_double(out, value.number);
            return;
        case Form::Decimal:
            append_decimal(out, value.bytes);
            return;
        case Form::DecimalText:
            out += '"';
            out += value.bytes;
            out += '"';
            return;
        case Form::DecimalDouble: {
            double number = 0;
            std::from_chars(value.bytes.data(), value.bytes.data() + value.bytes.size(), number);
            json_text::append_double(out, number);
            return;
        }
        case Form::Text:
            append_text_value(out, value);
            return;
        case Form::Binary:
            append_bytes(out, value.bytes);
            return;
        case Form::Json:
            if (value.from_snapshot) {
                json_text::append_string(out, value.bytes);
                return;
            }
            scratch_.clear();
            if (!json_binary::append_text(scratch_, value.bytes))
                throw FatalError(
                    format("The JSON document in column {} of table {} cannot be read", name_, table_name_));
            json_text::append_string(out, scratch_);
            return;
        case Form::Enum:
            append_enum(out, value);
            return;
        case Form::Set:
            append_set(out, value);
            return;
        case Form::Date:
        case Form::IsoDate:
        case Form::DateTimeMillis:
        case Form::DateTimeMicros:
        case Form::DateTimeNanos:
        case Form::IsoDateTime:
            append_date_time(out, value);
            return;
        case Form::TimeMicros:
        case Form::TimeMillis:
        case Form::TimeNanos:
        case Form::IsoTime:
            append_time(out, value.integer);
            return;
        case Form::ZonedTimestamp:
            append_timestamp(out, value);
            return;
        case Form::Geometry:
        case Form::Point:
            append_geometry(out, value.bytes);
            return;
        case Form::FloatVector:
            append_vector(out, value.bytes);
            return;
        case Form::Uuid:
        case Form::Inet4:
        case Form::Inet6:
            append_address(out, value);
            return;
    }
}

void ColumnPlan::append_bytes(std::string& out, std::string_view bytes) const {
    out += '"';
    if (size_ > bytes.size()) {  // the binlog leaves out the zero bytes that BINARY(n) ends with
        std::string padded(bytes);
        padded.resize(size_, '\0');
        if (binary_ == BinaryMode::Hex)
            out += hex(padded);
        else if (binary_ == BinaryMode::Base64UrlSafe)
            base64::append_url_safe(out, padded);
        else
            base64::append(out, padded);
    } else if (binary_ == BinaryMode::Hex) {
        out += hex(bytes);
    } else if (binary_ == BinaryMode::Base64UrlSafe) {
        base64::append_url_safe(out, bytes);
    } else {
        base64::append(out, bytes);
    }
    out += '"';
}

void ColumnPlan::append_text_value(std::string& out, const ColumnValue& value) {
    if (charset_ == nullptr || value.from_snapshot) {
        json_text::append_string(out, value.bytes);
        return;
    }
    scratch_.clear();
    charset_->append_utf8(scratch_, value.bytes);
    json_text::append_string(out, scratch_);
}

void ColumnPlan::append_bits(std::string& out, const ColumnValue& value) const {
    char bytes[8];
    for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(static_cast<uint64_t>(value.integer) >> (8 * i) & 255);
    json_text::append_base64(out, {bytes, std::min<size_t>(size_, 8)});
}

void ColumnPlan::append_decimal(std::string& out, std::string_view digits) const {
    // The text of both decoders has the column's scale, so dropping the point leaves the unscaled integer.
    char plain[100];
    size_t count = 0;
    size_t fraction = 0;
    bool after_point = false;
    for (const char c : digits) {
        if (c == '.') {
            after_point = true;
        } else if (count < sizeof plain && ((c >= '0' && c <= '9') || (c == '-' && count == 0))) {
            plain[count++] = c;
            fraction += after_point ? 1 : 0;
        } else {
            throw FatalError(format("Column {} of table {} holds no decimal number", name_, table_name_));
        }
    }
    std::string bytes;
    if (static_cast<int>(fraction) == (form_ == Form::UnsignedDecimal ? 0 : scale_)) {
        decimal::append_twos_complement(bytes, {plain, count});
    } else {
        const auto unscaled = decimal::unscaled(digits, scale_);
        if (!unscaled) throw FatalError(format("Column {} of table {} holds no decimal number", name_, table_name_));
        decimal::append_twos_complement(bytes, *unscaled);
    }
    json_text::append_base64(out, bytes);
}

void ColumnPlan::append_enum(std::string& out, const ColumnValue& value) {
    if (value.kind == Kind::Bytes) {
        json_text::append_string(out, value.bytes);
        return;
    }
    if (value.integer == 0) {  // what a lax sql_mode stores for an invalid literal
        out += "\"\"";
        return;
    }
    if (static_cast<size_t>(value.integer) > literals_.size())
        throw FatalError(format("ENUM column {} of table {} holds index {}, but the schema has {} literals", name_,
                                table_name_, value.integer, literals_.size()));
    json_text::append_string(out, literals_[static_cast<size_t>(value.integer) - 1]);
}

void ColumnPlan::append_set(std::string& out, const ColumnValue& value) {
    if (value.kind == Kind::Bytes) {
        json_text::append_string(out, value.bytes);
        return;
    }
    out += '"';
    bool first = true;
    for (size_t i = 0; i < literals_.size() && i < 64; ++i) {
        if ((static_cast<uint64_t>(value.integer) >> i & 1) == 0) continue;
        if (!std::exchange(first, false)) out += ',';
        json_text::append_escaped(out, literals_[i]);
    }
    out += '"';
}

void ColumnPlan::append_date_time(std::string& out, ColumnValue value) const {
    const bool zero = is_zero_date(value) || value.month > 12 || value.day > days_in_month(value.year, value.month);
    if (zero) {
        if (optional_) {
            append_null(out);
            return;
        }
        value.year = 1970;
        value.month = value.day = 1;
        value.hour = value.minute = value.second = 0;
        value.micros = 0;
    } else if (adjust_years_ && value.year < 100) {
        value.year += value.year < 70 ? 2000 : 1900;
    }
    if (form_ == Form::Date) {
        append_int(out, days_from_civil(value.year, value.month, value.day));
    } else if (form_ == Form::IsoDate) {
        out += '"';
        append_iso_date(out, value.year, value.month, value.day);
        out += "Z\"";
    } else {
        const int64_t micros = micros_of(value);
        if (form_ == Form::DateTimeMillis)
            append_int(out, floor_div(micros, 1000));
        else if (form_ == Form::DateTimeMicros)
            append_int(out, micros);
        else if (form_ == Form::DateTimeNanos)
            append_int(out, static_cast<int64_t>(static_cast<uint64_t>(micros) * 1000));
        else
            append_iso_instant(out, micros, -1);
    }
}

void ColumnPlan::append_time(std::string& out, int64_t micros) const {
    if (form_ == Form::TimeMicros) {
        append_int(out, micros);
        return;
    }
    if (form_ == Form::TimeNanos) {
        append_int(out, micros * 1000);
        return;
    }
    if (micros < 0 || micros >= kMicrosPerDay) {  // these forms hold a time of day only
        if (optional_)
            append_null(out);
        else
            out += form_ == Form::TimeMillis ? "0" : "\"00:00:00Z\"";
        return;
    }
    if (form_ == Form::TimeMillis) {
        append_int(out, micros / 1000);
        return;
    }
    out += '"';
    append_clock(out, micros / 1'000'000);
    append_fraction(out, micros % 1'000'000, -1);
    out += "Z\"";
}

void ColumnPlan::append_timestamp(std::string& out, const ColumnValue& value) const {
    append_iso_instant(out, value.integer, value.from_snapshot ? -1 : value.fraction_digits);
}

void ColumnPlan::append_geometry(std::string& out, std::string_view bytes) const {
    // The server's form: the SRID in four bytes, then WKB.
    ByteCursor cursor(bytes);
    const uint32_t srid = cursor.u32();
    const std::string_view wkb = cursor.rest();
    if (!cursor.ok())
        throw FatalError(format("The geometry in column {} of table {} cannot be read", name_, table_name_));
    out += '{';
    if (form_ == Form::Point) {
        ByteCursor body(wkb);
        const bool little = body.u8() == 1;
        body.skip(4);
        double xy[2] = {};
        for (auto& number : xy) {
            const uint64_t bits = little ? body.u64() : body.big(8);
            std::memcpy(&number, &bits, sizeof number);
        }
        if (!body.ok())
            throw FatalError(format("The point in column {} of table {} cannot be read", name_, table_name_));
        out += "\"x\":";
        json_text::append_double(out, xy[0]);
        out += ",\"y\":";
        json_text::append_double(out, xy[1]);
        out += ',';
    }
    out += "\"wkb\":";
    json_text::append_base64(out, wkb);
    out += ",\"srid\":";
    if (srid == 0)
        out += "null";
    else
        json_text::append_uint(out, srid);
    out += '}';
}

void ColumnPlan::append_vector(std::string& out, std::string_view bytes) const {
    ByteCursor cursor(bytes);
    out += '[';
    while (cursor.left() >= 4) {
        if (cursor.left() != bytes.size()) out += ',';
        json_text::append_float(out, cursor.f32());
    }
    out += ']';
}

void ColumnPlan::append_address(std::string& out, const ColumnValue& value) const {
    if (value.from_snapshot) {
        json_text::append_string(out, value.bytes);
        return;
    }
    // The binlog leaves out trailing zero bytes.
    std::string bytes(value.bytes.substr(0, 16));
    bytes.resize(form_ == Form::Inet4 ? 4 : 16, '\0');
    if (form_ == Form::Uuid) {
        std::string text = hex(bytes);
        for (const size_t at : {8u, 13u, 18u, 23u}) text.insert(at, "-");
        json_text::append_string(out, text);
        return;
    }
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(form_ == Form::Inet4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
    json_text::append_string(out, text);
}

}  // namespace millrace::binlog
