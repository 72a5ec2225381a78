#include "base/json_text.h"

#include <array>
#include <cmath>

#include "base/base64.h"
#include "base/json.h"

namespace millrace::json_text {
namespace {

constexpr std::array<char, 256> make_escape_table() {
    std::array<char, 256> table{};
    for (int i = 0; i < 0x20; ++i) table[static_cast<size_t>(i)] = 'u';
    table['\b'] = 'b';
    table['\t'] = 't';
    table['\n'] = 'n';
    table['\f'] = 'f';
    table['\r'] = 'r';
    table['"'] = '"';
    table['\\'] = '\\';
    for (size_t i = 0x80; i < 256; ++i) table[i] = 'x';  // multi-byte: checked
    return table;
}
constexpr auto kEscape = make_escape_table();
constexpr char kHex[] = "0123456789ABCDEF";

void append_unicode_escape(std::string& out, uint32_t unit) {
    const char text[6] = {'\\',           'u', kHex[unit >> 12 & 15], kHex[unit >> 8 & 15], kHex[unit >> 4 & 15],
                          kHex[unit & 15]};
    out.append(text, sizeof text);
}

/// Length of the well-formed UTF-8 sequence at `at`, or 0.
size_t sequence_length(const unsigned char* at, size_t left) {
    const unsigned char lead = at[0];
    const auto tail = [&](size_t i) { return (at[i] & 0xC0) == 0x80; };
    if (lead >= 0xC2 && lead <= 0xDF) return left >= 2 && tail(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (left < 3 || !tail(1) || !tail(2)) return 0;
        if (lead == 0xE0 && at[1] < 0xA0) return 0;
        if (lead == 0xED && at[1] > 0x9F) return 0;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (left < 4 || !tail(1) || !tail(2) || !tail(3)) return 0;
        if (lead == 0xF0 && at[1] < 0x90) return 0;
        if (lead == 0xF4 && at[1] > 0x8F) return 0;
        return 4;
    }
    return 0;
}

/// Appends one multi-byte character; returns how many bytes it took.
size_t append_multibyte(std::string& out, const unsigned char* at, size_t left) {
    const size_t length = sequence_length(at, left);
    if (length == 0) {
        out += "\xEF\xBF\xBD";
        return 1;
    }
    if (length < 4) {
        out.append(reinterpret_cast<const char*>(at), length);
        return length;
    }
    const uint32_t code = ((at[0] & 7u) << 18 | (at[1] & 63u) << 12 | (at[2] & 63u) << 6 | (at[3] & 63u)) - 0x10000;
    append_unicode_escape(out, 0xD800 + (code >> 10));
    append_unicode_escape(out, 0xDC00 + (code & 0x3FF));
    return length;
}

/// Lays out shortest round-trip digits as Java does: plain between 1e-3 and 1e7, otherwise d.dddE±n.
template <typename Number>
void append_java_number(std::string& out, Number value) {
    if (value == 0) {
        out += std::signbit(value) ? "-0.0" : "0.0";
        return;
    }
    char text[40];
    auto end = std::to_chars(text, text + sizeof text, std::fabs(value), std::chars_format::scientific).ptr;
    // Java asks for two digits at least: where one would do, the nearest with two (4.9E-324).
    if (text[1] != '.')
        end = std::to_chars(text, text + sizeof text, std::fabs(value), std::chars_format::scientific, 1).ptr;
    char digits[32];
    size_t count = 0;
    const char* at = text;
    for (; at != end && *at != 'e'; ++at)
        if (*at != '.') digits[count++] = *at;
    if (count == 2 && digits[1] == '0') count = 1;
    int exponent = 0;
    if (at != end) {
        const bool negative = at[1] == '-';
        std::from_chars(at + 2, end, exponent);
        if (negative) exponent = -exponent;
    }
    if (value < 0) out += '-';
    if (exponent >= -3 && exponent < 7) {
        if (exponent < 0) {
            out += "0.";
            out.append(static_cast<size_t>(-exponent - 1), '0');
            out.append(digits, count);
            return;
        }
        const auto whole = static_cast<size_t>(exponent) + 1;
        for (size_t i = 0; i < whole; ++i) out += i < count ? digits[i] : '0';
        out += '.';
        if (whole < count)
            out.append(digits + whole, count - whole);
        else
            out += '0';
        return;
    }
    out += digits[0];
    out += '.';
    if (count > 1)
        out.append(digits + 1, count - 1);
    else
        out += '0';
    out += 'E';
    append_int(out, exponent);
}

template <typename Number>
void append_json_number(std::string& out, Number value) {
    if (std::isnan(value))
        out += "\"NaN\"";
    else if (std::isinf(value))
        out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    else
        append_java_number(out, value);
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = at + text.size();
    while (at != end) {
        const auto* const plain = at;
        while (at != end && kEscape[*at] == 0) ++at;
        out.append(reinterpret_cast<const char*>(plain), static_cast<size_t>(at - plain));
        if (at == end) return;
        const char kind = kEscape[*at];
        if (kind == 'x') {
            at += append_multibyte(out, at, static_cast<size_t>(end - at));
            continue;
        }
        if (kind == 'u') {
            append_unicode_escape(out, *at);
        } else {
            out += '\\';
            out += kind;
        }
        ++at;
    }
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    append_escaped(out, text);
    out += '"';
}

std::string unquoted(std::string_view json) {
    const auto text = parse_json(json);
    return text && text->is_string() ? text->get<std::string>() : std::string();
}

void append_base64(std::string& out, std::string_view bytes) {
    out += '"';
    base64::append(out, bytes);
    out += '"';
}

void append_double(std::string& out, double value) {
    append_json_number(out, value);
}
void append_float(std::string& out, float value) {
    append_json_number(out, value);
}

std::string java_double(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    std::string out;
    append_java_number(out, value);
    return out;
}

}  // namespace millrace::json_text
