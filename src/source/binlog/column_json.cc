#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/base64.h"
#include "base/calendar.h"
#include "base/decimal.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"
#include "source/binlog/column_plan.h"
#include "source/binlog/json_binary.h"
#include "source/binlog/temporal_text.h"

/// From a decoded value to its JSON: what runs for each value of each row.
namespace millrace::binlog {
namespace {

using Kind = ColumnValue::Kind;
using namespace temporal_text;
using json_text::append_int;

}  // namespace

void ColumnPlan::append_plain(std::string& out, const ColumnValue& value) {
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
    if (writes_numbers_)
        out += decimal::text_of(bytes, form_ == Form::UnsignedDecimal ? 0 : scale_);
    else
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
        iso_text::append_date(out, value.year, value.month, value.day);
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
            iso_text::append_instant(out, micros, -1);
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
    iso_text::append_clock(out, micros / 1'000'000);
    iso_text::append_fraction(out, micros % 1'000'000, -1);
    out += "Z\"";
}

void ColumnPlan::append_timestamp(std::string& out, const ColumnValue& value) const {
    iso_text::append_instant(out, value.integer, value.from_snapshot ? -1 : value.fraction_digits);
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
