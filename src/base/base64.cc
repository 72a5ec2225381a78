#include "base/base64.h"

#include <array>
#include <cstdint>

namespace millrace::base64 {
namespace {

constexpr char kStandard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kUrlSafe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void encode(std::string& out, std::string_view bytes, const char* alphabet) {
    const size_t start = out.size();
    out.resize(start + (bytes.size() + 2) / 3 * 4);
    char* to = out.data() + start;
    const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
    size_t left = bytes.size();
    for (; left >= 3; left -= 3, from += 3) {
        const uint32_t group = static_cast<uint32_t>(from[0]) << 16 | static_cast<uint32_t>(from[1]) << 8 | from[2];
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        *to++ = alphabet[group >> 6 & 63];
        *to++ = alphabet[group & 63];
    }
    if (left == 0) return;
    const uint32_t group = static_cast<uint32_t>(from[0]) << 16 | (left == 2 ? static_cast<uint32_t>(from[1]) << 8 : 0);
    *to++ = alphabet[group >> 18];
    *to++ = alphabet[group >> 12 & 63];
    *to++ = left == 2 ? alphabet[group >> 6 & 63] : '=';
    *to++ = '=';
}

constexpr std::array<int8_t, 256> make_reverse() {
    std::array<int8_t, 256> table{};
    for (auto& entry : table) entry = -1;
    for (int8_t i = 0; i < 64; ++i) table[static_cast<unsigned char>(kStandard[i])] = i;
    return table;
}
constexpr auto kReverse = make_reverse();

}  // namespace

void append(std::string& out, std::string_view bytes) {
    encode(out, bytes, kStandard);
}
void append_url_safe(std::string& out, std::string_view bytes) {
    encode(out, bytes, kUrlSafe);
}

std::optional<std::string> decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    size_t padding = 0;
    while (padding < 2 && !text.empty() && text[text.size() - 1 - padding] == '=') ++padding;
    std::string out;
    out.reserve(text.size() / 4 * 3);
    for (size_t i = 0; i < text.size(); i += 4) {
        uint32_t group = 0;
        for (size_t j = 0; j < 4; ++j) {
            const bool is_padding = i + j >= text.size() - padding;
            const int8_t value = is_padding ? 0 : kReverse[static_cast<unsigned char>(text[i + j])];
            if (value < 0) return std::nullopt;
            group = group << 6 | static_cast<uint32_t>(value);
        }
        out += static_cast<char>(group >> 16);
        out += static_cast<char>(group >> 8 & 255);
        out += static_cast<char>(group & 255);
    }
    out.resize(out.size() - padding);
    return out;
}

}  // namespace millrace::base64
