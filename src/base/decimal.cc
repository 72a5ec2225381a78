#include "base/decimal.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <vector>

namespace millrace::decimal {
namespace {

void append_small(std::string& out, int64_t value) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i) & 255);
    int start = 0;
    while (start < 7) {
        const auto here = static_cast<unsigned char>(bytes[start]);
        const bool next_negative = (bytes[start + 1] & 0x80) != 0;
        if ((here == 0 && !next_negative) || (here == 0xFF && next_negative))
            ++start;
        else
            break;
    }
    out.append(bytes + start, static_cast<size_t>(8 - start));
}

/// Magnitude of a digit string as base 2^32 words, least significant first.
std::vector<uint32_t> magnitude(std::string_view digits) {
    std::vector<uint32_t> words;
    for (size_t i = 0; i < digits.size();) {
        const size_t count = std::min<size_t>(9, digits.size() - i);
        uint64_t group = 0;
        uint64_t power = 1;
        for (size_t j = 0; j < count; ++j) {
            group = group * 10 + static_cast<uint64_t>(digits[i + j] - '0');
            power *= 10;
        }
        uint64_t carry = group;
        for (auto& word : words) {
            carry += static_cast<uint64_t>(word) * power;
            word = static_cast<uint32_t>(carry);
            carry >>= 32;
        }
        if (carry != 0) words.push_back(static_cast<uint32_t>(carry));
        i += count;
    }
    return words;
}

}  // namespace

void append_twos_complement(std::string& out, std::string_view digits) {
    const bool negative = !digits.empty() && digits[0] == '-';
    std::string_view body = digits.substr(negative ? 1 : 0);
    while (body.size() > 1 && body[0] == '0') body.remove_prefix(1);
    if (body.size() <= 18) {
        int64_t value = 0;
        for (const char c : body) value = value * 10 + (c - '0');
        append_small(out, negative ? -value : value);
        return;
    }
    std::string bytes;  // least significant first, with one byte for the sign
    for (const uint32_t word : magnitude(body))
        for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 255);
    bytes += '\0';
    if (negative) {
        unsigned carry = 1;
        for (auto& byte : bytes) {
            const unsigned sum = (~static_cast<unsigned>(static_cast<unsigned char>(byte)) & 255u) + carry;
            byte = static_cast<char>(sum & 255u);
            carry = sum >> 8;
        }
    }
    const char filler = negative ? '\xFF' : '\0';
    while (bytes.size() > 1 && bytes.back() == filler && ((bytes[bytes.size() - 2] & 0x80) != 0) == negative)
        bytes.pop_back();
    out.append(bytes.rbegin(), bytes.rend());
}

std::string text_of(std::string_view bytes, int scale) {
    const bool negative = !bytes.empty() && (bytes[0] & 0x80) != 0;
    std::string digits = "0";  // least significant first
    for (const char byte : bytes) {
        unsigned carry = static_cast<unsigned char>(negative ? ~byte : byte);
        for (char& digit : digits) {
            carry += static_cast<unsigned>(digit - '0') * 256;
            digit = static_cast<char>('0' + carry % 10);
            carry /= 10;
        }
        for (; carry != 0; carry /= 10) digits += static_cast<char>('0' + carry % 10);
    }
    if (negative) {  // the bits turned over are one short of the magnitude
        size_t i = 0;
        while (i < digits.size() && digits[i] == '9') digits[i++] = '0';
        if (i == digits.size())
            digits += '1';
        else
            ++digits[i];
    }
    while (static_cast<int>(digits.size()) <= scale) digits += '0';
    std::string out(digits.rbegin(), digits.rend());
    if (scale > 0) out.insert(out.size() - static_cast<size_t>(scale), ".");
    return negative ? "-" + out : out;
}

std::optional<std::string> unscaled(std::string_view text, int scale) {
    if (text.empty()) return std::nullopt;
    std::string out;
    if (text[0] == '-' || text[0] == '+') {
        if (text[0] == '-') out = "-";
        text.remove_prefix(1);
    }
    int64_t exponent = 0;
    if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
        std::string_view power = text.substr(e + 1);
        if (!power.empty() && power[0] == '+') power.remove_prefix(1);
        const auto end = power.data() + power.size();
        const auto result = std::from_chars(power.data(), end, exponent);
        if (result.ec != std::errc() || result.ptr != end || exponent > 1000 || exponent < -1000) return std::nullopt;
        text = text.substr(0, e);
    }
    std::string digits;
    int64_t point = -1;
    for (const char c : text) {
        if (c == '.' && point < 0)
            point = static_cast<int64_t>(digits.size());
        else if (c >= '0' && c <= '9')
            digits += c;
        else
            return std::nullopt;
    }
    if (digits.empty()) return std::nullopt;
    if (point < 0) point = static_cast<int64_t>(digits.size());
    const int64_t wanted = point + exponent + scale;  // digits left of the cut
    if (wanted < 0) return "0";
    bool round_up = false;
    if (static_cast<size_t>(wanted) < digits.size()) {
        round_up = digits[static_cast<size_t>(wanted)] >= '5';
        digits.resize(static_cast<size_t>(wanted));
    } else {
        digits.append(static_cast<size_t>(wanted) - digits.size(), '0');
    }
    if (round_up) {
        size_t i = digits.size();
        while (i > 0 && digits[i - 1] == '9') digits[--i] = '0';
        if (i == 0)
            digits.insert(0, "1");
        else
            ++digits[i - 1];
    }
    const size_t first = digits.find_first_not_of('0');
    if (first == std::string::npos) return "0";
    return out + digits.substr(first);
}

std::string exact(double value) {
    char text[1500];  // the longest double has 309 + 1074 digits
    const int length = std::snprintf(text, sizeof text, "%.1074f", value);
    std::string out(text, static_cast<size_t>(length));
    if (out.find('.') != std::string::npos) {
        out.erase(out.find_last_not_of('0') + 1);
        if (out.back() == '.') out.pop_back();
    }
    return out;
}

std::string plain_text(std::string_view unscaled, int scale) {
    const bool negative = unscaled.starts_with('-');
    std::string digits(unscaled.substr(negative ? 1 : 0));
    const auto places = static_cast<size_t>(std::max(scale, 0));
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    if (places > 0) digits.insert(digits.size() - places, 1, '.');
    return (negative ? "-" : "") + digits;
}

}  // namespace millrace::decimal
