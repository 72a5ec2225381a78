#include "transform/connect_literal.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/calendar.h"
#include "base/decimal.h"
#include "base/text.h"
#include "transform/simple_date_format.h"

namespace millrace::transform {
namespace {

using record::Schema;
using record::SchemaAndValue;
using record::Type;
using record::Value;

/// The whole number that decimal text stands for ("1e3", "2.0"), if it is one that fits an int64.
std::optional<int64_t> whole_number(std::string_view text) {
    const auto at_scale_0 = decimal::unscaled(text, 0);
    const auto at_scale_20 = decimal::unscaled(text, 20);
    if (!at_scale_0 || !at_scale_20) return std::nullopt;
    const bool is_zero = *at_scale_0 == "0" || *at_scale_0 == "-0";
    if (*at_scale_20 != (is_zero ? *at_scale_0 : *at_scale_0 + std::string(20, '0'))) return std::nullopt;
    return parse_int(*at_scale_0);
}

bool is_number(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
    return text.find_first_of("0123456789") != std::string_view::npos && text[0] != 'e' && text[0] != 'E';
}

/// BigDecimal's: digits behind the point, less the exponent.
int scale_of(std::string_view text) {
    const size_t exponent_at = text.find_first_of("eE"), point = text.find('.');
    const std::string_view mantissa = text.substr(0, exponent_at);
    const int fraction = point == std::string_view::npos ? 0 : static_cast<int>(mantissa.size() - point - 1);
    if (exponent_at == std::string_view::npos) return fraction;
    std::string_view exponent = text.substr(exponent_at + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    return fraction - static_cast<int>(parse_int(exponent).value_or(0));
}

std::optional<SchemaAndValue> number(std::string_view text, record::Arena& arena) {
    if (!is_number(text)) return std::nullopt;
    if (const auto whole = whole_number(text)) {
        const int64_t value = *whole;
        const auto fits = [&](auto low, auto high) { return value >= low && value <= high; };
        const Type type = fits(INT8_MIN, INT8_MAX)     ? Type::Int8
                          : fits(INT16_MIN, INT16_MAX) ? Type::Int16
                          : fits(INT32_MIN, INT32_MAX) ? Type::Int32
                                                       : Type::Int64;
        return SchemaAndValue{record::plain(type), Value::integer(value)};
    }
    if (text.front() == '+') text.remove_prefix(1);
    const int scale = scale_of(text);
    double wide = 0;
    const auto [behind, error] = std::from_chars(text.data(), text.data() + text.size(), wide);
    if (behind != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
    const bool is_finite = error == std::errc() && std::isfinite(wide);
    if (scale != 0 && is_finite && std::fabs(wide) <= std::numeric_limits<float>::max())
        return SchemaAndValue{record::plain(Type::Float32), Value::float32(static_cast<float>(wide))};
    if (scale != 0 && is_finite) return SchemaAndValue{record::plain(Type::Float64), Value::float64(wide)};
    std::string digits;
    for (const char c : text.substr(0, text.find_first_of("eE")))
        if (c != '.') digits += c;
    std::string bytes;
    decimal::append_twos_complement(bytes, digits);
    Schema schema{.type = Type::Bytes,
                  .name = std::string(record::kDecimal),
                  .version = 1,
                  .parameters = {{"scale", std::to_string(scale)}}};
    return SchemaAndValue{record::made(std::move(schema)), Value::bytes(arena.copy(bytes))};
}

std::optional<SchemaAndValue> moment(std::string_view text) {
    struct Form {
        size_t length;
        const char* pattern;
        std::string_view name;
    };
    constexpr Form kForms[] = {{13, "HH:mm:ss.SSS'Z'", record::kTime},
                               {24, "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", record::kTimestamp},
                               {10, "yyyy-MM-dd", record::kDate}};
    for (const auto& form : kForms) {
        if (text.size() != form.length) continue;
        const auto ms = SimpleDateFormat::of(form.pattern, "value.literal").parse(text);
        if (!ms) return std::nullopt;
        const bool is_long = form.name == record::kTimestamp;
        return SchemaAndValue{record::logical(is_long ? Type::Int64 : Type::Int32, std::string(form.name)),
                              Value::integer(form.name == record::kDate ? *ms / kDayMs : *ms)};
    }
    return std::nullopt;
}

}  // namespace

SchemaAndValue connect_literal(std::string_view text, record::Arena& arena) {
    const std::string_view word = trimmed(text);
    if (word == "null") return {};
    if (word == "true" || word == "false") return {record::plain(Type::Boolean), Value::boolean(word == "true")};
    if (const auto found = number(word, arena)) return *found;
    if (const auto found = moment(word)) return *found;
    return {record::plain(Type::String), Value::text(arena.copy(text))};
}

}  // namespace millrace::transform
