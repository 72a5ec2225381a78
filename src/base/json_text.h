#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

/// Appends JSON text to a string, byte for byte as Jackson (the JSON library under Kafka Connect's converters)
/// writes it. There is no document in memory; callers put the punctuation between the pieces themselves.
namespace millrace::json_text {

inline void append_int(std::string& out, int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, static_cast<size_t>(end - digits));
}
inline void append_uint(std::string& out, uint64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, static_cast<size_t>(end - digits));
}

/// A quoted string. `text` is UTF-8; characters beyond the BMP become escapes of their surrogates, bytes that
/// are not UTF-8 become U+FFFD, as Java's decoder replaces them.
void append_string(std::string& out, std::string_view text);

/// The same without the quotes.
void append_escaped(std::string& out, std::string_view text);

/// The UTF-8 text that a quoted string, as written by append_string(), stands for.
std::string unquoted(std::string_view json);

/// A quoted base64 string with padding (RFC 4648, section 4).
void append_base64(std::string& out, std::string_view bytes);

/// A number as Java's Double.toString (JDK 19 and later) prints it: 1.0E7, 0.001, 1.0E-4; NaN and the
/// infinities are quoted, as Jackson quotes them.
void append_double(std::string& out, double value);
void append_float(std::string& out, float value);

/// Java's Double.toString without JSON's quoting of NaN.
std::string java_double(double value);

}  // namespace millrace::json_text
