#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/base64.h"
#include "base/byte_cursor.h"
#include "base/calendar.h"
#include "base/decimal.h"
#include "base/iso_text.h"
#include "base/json_text.h"
#include "base/text.h"
#include "source/postgres/temporal_text.h"
#include "source/postgres/text_format.h"
#include "source/postgres/value_form.h"

/// From a value's text to its JSON: what runs for each value of each row.
namespace millrace::postgres {
namespace {

using Kind = ValueForm::Kind;
using Unit = ValueForm::TimeUnit;
using json_text::append_int;

double double_of(std::string_view text) {
    if (text == "Infinity") return HUGE_VAL;
    if (text == "-Infinity") return -HUGE_VAL;
    if (text == "NaN") return std::nan("");
    double number = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (result.ec == std::errc::result_out_of_range) return std::strtod(std::string(text).c_str(), nullptr);
    if (result.ec != std::errc()) throw UnreadableValue{std::string(text)};
    return number;
}

float float_of(std::string_view text) {
    if (text == "Infinity") return HUGE_VALF;
    if (text == "-Infinity") return -HUGE_VALF;
    if (text == "NaN") return std::nanf("");
    float number = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (result.ec == std::errc::result_out_of_range) return std::strtof(std::string(text).c_str(), nullptr);
    if (result.ec != std::errc()) throw UnreadableValue{std::string(text)};
    return number;
}

bool is_special(std::string_view number) {
    return number == "NaN" || number == "Infinity" || number == "-Infinity";
}

/// A numeric of a fixed scale: the text has that scale, so its digits without the point are the unscaled integer.
void append_decimal(std::string& out, std::string_view text, int scale, bool as_number) {
    if (is_special(text)) {
        out += "null";
        return;
    }
    const auto unscaled = decimal::unscaled(text, scale);
    if (!unscaled) throw UnreadableValue{std::string(text)};
    std::string bytes;
    decimal::append_twos_complement(bytes, *unscaled);
    if (as_number)
        out += decimal::text_of(bytes, scale);
    else
        json_text::append_base64(out, bytes);
}

/// Without trailing zeros; the scale is that of the digits that are left.
void append_variable_decimal(std::string& out, std::string_view text) {
    if (is_special(text)) {
        out += "null";
        return;
    }
    const size_t point = text.find('.');
    if (point != std::string_view::npos) {
        while (text.back() == '0') text.remove_suffix(1);
        if (text.back() == '.') text.remove_suffix(1);
    }
    const int scale =
        point == std::string_view::npos || text.size() <= point ? 0 : static_cast<int>(text.size() - point - 1);
    out += "{\"scale\":";
    append_int(out, scale);
    out += ",\"value\":";
    append_decimal(out, text, scale, false);
    out += '}';
}

/// As Debezium names what is no number.
void append_decimal_text(std::string& out, std::string_view text) {
    out += '"';
    out += text == "NaN"         ? "NAN"
           : text == "Infinity"  ? "POSITIVE_INFINITY"
           : text == "-Infinity" ? "NEGATIVE_INFINITY"
                                 : text;
    out += '"';
}

/// "-$1,234.56" with lc_monetary=C and others like it.
std::string money_digits(std::string_view text) {
    std::string digits;
    bool is_negative = false;
    for (const char c : text) {
        if (c == '-' || c == '(') is_negative = true;
        if ((c >= '0' && c <= '9') || c == '.') digits += c;
    }
    if (digits.empty()) throw UnreadableValue{std::string(text)};
    return is_negative ? "-" + digits : digits;
}

void append_money(std::string& out, const ValueForm& form, std::string_view text, bool is_snapshot) {
    const std::string digits = money_digits(text);
    if (form.kind == Kind::Money) {
        append_decimal(out, digits, form.scale, form.as_number);
    } else if (form.kind == Kind::MoneyDouble) {
        json_text::append_double(out, double_of(digits));
    } else {
        out += '"';
        out += is_snapshot ? json_text::java_double(double_of(digits)) : digits;
        out += '"';
    }
}

/// Little-endian, without the zero bytes at the end.
void append_bits(std::string& out, std::string_view text) {
    std::string bytes((text.size() + 7) / 8, '\0');
    for (size_t i = 0; i < text.size(); ++i)
        if (text[text.size() - 1 - i] == '1') bytes[i / 8] = static_cast<char>(bytes[i / 8] | 1 << (i % 8));
    while (!bytes.empty() && bytes.back() == '\0') bytes.pop_back();
    json_text::append_base64(out, bytes);
}

void append_date(std::string& out, const ValueForm& form, std::string_view text) {
    const int64_t days = temporal_text::days_from(text);
    if (form.unit == Unit::Days) {
        append_int(out, days);
        return;
    }
    const CivilDate date = civil_from_days(days);
    out += '"';
    iso_text::append_date(out, date.year, date.month, date.day);
    out += "Z\"";
}

void append_time(std::string& out, const ValueForm& form, std::string_view text) {
    const int64_t micros = temporal_text::time_from(text);
    switch (form.unit) {
        case Unit::Millis:
            append_int(out, micros / 1000);
            return;
        case Unit::Nanos:
            append_int(out, micros * 1000);
            return;
        case Unit::IsoText: {
            const int64_t of_day = micros % iso_text::kMicrosPerDay;
            out += '"';
            iso_text::append_clock(out, of_day / 1'000'000);
            iso_text::append_fraction(out, of_day % 1'000'000, -1);
            out += "Z\"";
            return;
        }
        default:
            append_int(out, micros);
    }
}

void append_timestamp(std::string& out, const ValueForm& form, std::string_view text) {
    const int64_t micros = temporal_text::micros_from(text);
    switch (form.unit) {
        case Unit::Millis:
            append_int(out, micros / 1000 - (micros % 1000 < 0 ? 1 : 0));
            return;
        case Unit::Nanos:
            append_int(out, static_cast<int64_t>(static_cast<uint64_t>(micros) * 1000));
            return;
        case Unit::IsoText:
            iso_text::append_instant(out, micros, -1);
            return;
        default:
            append_int(out, micros);
    }
}

void append_zoned_timestamp(std::string& out, const ValueForm& form, std::string_view text) {
    if (text == "infinity" || text == "-infinity") {
        out += '"';
        out += text;
        out += '"';
        return;
    }
    iso_text::append_instant(out, temporal_text::micros_from(text), form.digits);
}

void append_zoned_time(std::string& out, std::string_view text) {
    const int64_t micros = temporal_text::utc_time_from(text);
    out += '"';
    iso_text::append_clock(out, micros / 1'000'000);
    iso_text::append_fraction(out, micros % 1'000'000, -1);
    out += "Z\"";
}

void append_interval_text(std::string& out, const temporal_text::Interval& interval) {
    out += "\"P";
    append_int(out, interval.years);
    out += 'Y';
    append_int(out, interval.months);
    out += 'M';
    append_int(out, interval.days);
    out += "DT";
    append_int(out, interval.hours);
    out += 'H';
    append_int(out, interval.minutes);
    out += 'M';
    const int64_t micros = interval.micros;
    if (micros < 0) out += '-';
    append_int(out, std::abs(micros) / 1'000'000);
    iso_text::append_fraction(out, std::abs(micros) % 1'000'000, -1);
    out += "S\"";
}

void append_wkb_point(std::string& out, double x, double y) {
    std::string wkb("\x01\x01\0\0\0", 5);
    for (const double number : {x, y}) {
        char bytes[sizeof number];
        std::memcpy(bytes, &number, sizeof number);
        wkb.append(bytes, sizeof bytes);
    }
    json_text::append_base64(out, wkb);
}

/// "(1.5,-2)"
void append_point(std::string& out, std::string_view text) {
    const size_t comma = text.find(',');
    if (text.size() < 5 || comma == std::string_view::npos) throw UnreadableValue{std::string(text)};
    const double x = double_of(text.substr(1, comma - 1));
    const double y = double_of(text.substr(comma + 1, text.size() - comma - 2));
    out += "{\"x\":";
    json_text::append_double(out, x);
    out += ",\"y\":";
    json_text::append_double(out, y);
    out += ",\"wkb\":";
    append_wkb_point(out, x, y);
    out += ",\"srid\":null}";
}

/// PostGIS gives EWKB in hexadecimal; its SRID stands by itself in an event.
void append_geometry(std::string& out, std::string_view text) {
    const auto bytes = unhex(text);
    if (!bytes || bytes->size() < 5) throw UnreadableValue{std::string(text)};
    constexpr uint32_t kHasSrid = 0x20000000;
    ByteCursor cursor(*bytes);
    const bool is_little = cursor.u8() == 1;
    const auto word = [&] { return static_cast<uint32_t>(is_little ? cursor.little(4) : cursor.big(4)); };
    const uint32_t type = word();
    std::string srid = "null";
    if ((type & kHasSrid) != 0) srid = std::to_string(static_cast<int32_t>(word()));
    if (!cursor.ok()) throw UnreadableValue{std::string(text)};
    out += "{\"wkb\":";
    json_text::append_base64(out, *bytes);
    out += ",\"srid\":";
    out += srid;
    out += '}';
}

/// With every number as Java prints a double.
std::string shape_text(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size();) {
        size_t end = i;
        while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '.' ||
                                     text[end] == '-' || text[end] == '+'))
            ++end;
        if (end == i)
            out += text[i++];
        else
            out += json_text::java_double(double_of(text.substr(i, end - i)));
        i = std::max(i, end);
    }
    return out;
}

void append_hstore(std::string& out, const ValueForm& form, std::string_view text) {
    const auto entries = text_format::parse_hstore(text);
    if (!entries) throw UnreadableValue{std::string(text)};
    std::vector<std::string> keys;
    for (const auto& [key, value] : *entries) keys.push_back(key);
    std::string json = "{";
    for (const size_t i : java_hash_order(keys)) {
        if (json.size() > 1) json += ',';
        json_text::append_string(json, keys[i]);
        json += ':';
        if (const auto& value = (*entries)[i].second)
            json_text::append_string(json, *value);
        else
            json += "null";
    }
    json += '}';
    if (form.kind == Kind::HstoreMap)
        out += json;
    else
        json_text::append_string(out, json);
}

/// "[1,2.5,3]"
void append_vector(std::string& out, const ValueForm& form, std::string_view text) {
    if (text.size() < 2) throw UnreadableValue{std::string(text)};
    out += '[';
    bool is_first = true;
    for (const auto& number : split_list(text.substr(1, text.size() - 2))) {
        if (!std::exchange(is_first, false)) out += ',';
        if (form.schema.items->type == record::Type::Float32)
            json_text::append_float(out, float_of(number));
        else
            json_text::append_double(out, double_of(number));
    }
    out += ']';
}

/// "{1:0.5,7:2}/10"
void append_sparse_vector(std::string& out, std::string_view text) {
    const size_t slash = text.rfind('/');
    if (slash == std::string_view::npos || slash < 2) throw UnreadableValue{std::string(text)};
    out += "{\"dimensions\":";
    out += text.substr(slash + 1);
    // A map whose keys are no strings is a list of pairs to Connect's JSON converter.
    out += ",\"vector\":[";
    bool is_first = true;
    for (const auto& pair : split_list(text.substr(1, slash - 2))) {
        const size_t colon = pair.find(':');
        if (colon == std::string::npos) throw UnreadableValue{std::string(text)};
        if (!std::exchange(is_first, false)) out += ',';
        out += '[';
        out += pair.substr(0, colon);
        out += ',';
        json_text::append_double(out, double_of(std::string_view(pair).substr(colon + 1)));
        out += ']';
    }
    out += "]}";
}

void append_array(std::string& out, const ValueForm& form, std::string_view text, bool is_snapshot) {
    text_format::ArrayReader reader(text);
    std::string scratch;
    for (;;) {
        switch (reader.next(scratch)) {
            case text_format::ArrayReader::Token::Open:
                if (reader.needs_comma()) out += ',';
                out += '[';
                break;
            case text_format::ArrayReader::Token::Close:
                out += ']';
                break;
            case text_format::ArrayReader::Token::Null:
                if (reader.needs_comma()) out += ',';
                out += "null";
                break;
            case text_format::ArrayReader::Token::Value:
                if (reader.needs_comma()) out += ',';
                append_value(out, *form.element, scratch, is_snapshot);
                break;
            case text_format::ArrayReader::Token::End:
                return;
            case text_format::ArrayReader::Token::Damaged:
                throw UnreadableValue{std::string(text)};
        }
    }
}

}  // namespace

void append_bytes(std::string& out, BinaryMode mode, std::string_view bytes) {
    out += '"';
    if (mode == BinaryMode::Hex)
        out += hex(bytes);
    else if (mode == BinaryMode::Base64UrlSafe)
        base64::append_url_safe(out, bytes);
    else
        base64::append(out, bytes);
    out += '"';
}

void append_value(std::string& out, const ValueForm& form, std::string_view text, bool is_snapshot) {
    switch (form.kind) {
        case Kind::Boolean:
            out += text == "t" ? "true" : "false";
            return;
        case Kind::Integer:
            out += text;
            return;
        case Kind::Float:
            json_text::append_float(out, float_of(text));
            return;
        case Kind::Double:
        case Kind::DecimalDouble:
            json_text::append_double(out, double_of(text));
            return;
        case Kind::Decimal:
            append_decimal(out, text, form.scale, form.as_number);
            return;
        case Kind::VariableDecimal:
            append_variable_decimal(out, text);
            return;
        case Kind::DecimalText:
            append_decimal_text(out, text);
            return;
        case Kind::Money:
        case Kind::MoneyDouble:
        case Kind::MoneyText:
            append_money(out, form, text, is_snapshot);
            return;
        case Kind::Text:
            json_text::append_string(out, text);
            return;
        case Kind::Bytes: {
            const auto bytes = text.starts_with("\\x") ? unhex(text.substr(2)) : std::nullopt;
            if (!bytes) throw UnreadableValue{std::string(text)};
            append_bytes(out, form.binary, *bytes);
            return;
        }
        case Kind::TextAsBytes:
            append_bytes(out, form.binary, text);
            return;
        case Kind::ShapeAsBytes:
            append_bytes(out, form.binary, shape_text(text));
            return;
        case Kind::BitBoolean:
            out += text == "1" ? "true" : "false";
            return;
        case Kind::Bits:
            append_bits(out, text);
            return;
        case Kind::Date:
            append_date(out, form, text);
            return;
        case Kind::Time:
            append_time(out, form, text);
            return;
        case Kind::Timestamp:
            append_timestamp(out, form, text);
            return;
        case Kind::ZonedTime:
            append_zoned_time(out, text);
            return;
        case Kind::ZonedTimestamp:
            append_zoned_timestamp(out, form, text);
            return;
        case Kind::Interval:
            append_int(out, temporal_text::interval_from(text).duration_micros());
            return;
        case Kind::IntervalText:
            append_interval_text(out, temporal_text::interval_from(text));
            return;
        case Kind::Point:
            append_point(out, text);
            return;
        case Kind::Geometry:
            append_geometry(out, text);
            return;
        case Kind::HstoreJson:
        case Kind::HstoreMap:
            append_hstore(out, form, text);
            return;
        case Kind::Vector:
            append_vector(out, form, text);
            return;
        case Kind::SparseVector:
            append_sparse_vector(out, text);
            return;
        case Kind::Array:
            append_array(out, form, text, is_snapshot);
            return;
    }
}

}  // namespace millrace::postgres
