#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Decimals as text digits and as the bytes that Connect's Decimal type holds.
namespace millrace::decimal {

/// Appends the two's complement big-endian bytes, as short as possible, of the integer written in `digits`
/// (optional '-', then only 0–9): what java.math.BigInteger.toByteArray gives.
void append_twos_complement(std::string& out, std::string_view digits);

/// The reverse: the integer in these bytes with the point `scale` digits from the right, as BigDecimal.toString.
std::string text_of(std::string_view twos_complement, int scale);

/// The unscaled integer of plain or exponent decimal text at the given scale: ("12.5", 2) is "1250". Digits
/// beyond the scale are rounded half up. Nothing if the text is no number.
std::optional<std::string> unscaled(std::string_view text, int scale);

/// The reverse: ("-5", 2) is "-0.05".
std::string plain_text(std::string_view unscaled, int scale);

/// The exact decimal expansion of a double without exponent, as new BigDecimal(double).toPlainString() prints.
std::string exact(double value);

}  // namespace millrace::decimal
