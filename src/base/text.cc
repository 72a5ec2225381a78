#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <random>
#include <set>

#include "base/calendar.h"

namespace millrace {
namespace {

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
char to_upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n\f";
    const size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), to_lower);
    return out;
}

std::string upper(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), to_upper);
    return out;
}

bool iequals(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    size_t start = 0;
    for (;;) {
        const size_t end = text.find(separator, start);
        parts.emplace_back(text.substr(start, end == std::string_view::npos ? end : end - start));
        if (end == std::string_view::npos) return parts;
        start = end + 1;
    }
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> parts;
    for (const auto& part : split(text, ','))
        if (const auto word = trimmed(part); !word.empty()) parts.emplace_back(word);
    return parts;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (const auto& part : parts) {
        if (!out.empty() || &part != &parts.front()) out += separator;
        out += part;
    }
    return out;
}

std::optional<int64_t> parse_int(std::string_view text) {
    int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

std::string hex(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char byte : bytes) {
        out += kDigits[static_cast<unsigned char>(byte) >> 4];
        out += kDigits[static_cast<unsigned char>(byte) & 15];
    }
    return out;
}

std::optional<std::string> unhex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    for (size_t i = 0; i < text.size(); i += 2) {
        unsigned byte = 0;
        const auto read = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
        if (read.ec != std::errc() || read.ptr != text.data() + i + 2) return std::nullopt;
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

std::u16string to_utf16(std::string_view text) {
    std::u16string units;
    units.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        uint32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
        for (size_t j = 1; j < length && i + j < text.size(); ++j)
            code = code << 6 | (static_cast<unsigned char>(text[i + j]) & 63u);
        i += length;
        if (code < 0x10000) {
            units += static_cast<char16_t>(code);
        } else {
            units += static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10));
            units += static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FF));
        }
    }
    return units;
}

int32_t java_hash(std::string_view text) {
    uint32_t hash = 0;
    for (const char16_t unit : to_utf16(text)) hash = hash * 31 + unit;
    return static_cast<int32_t>(hash);
}

std::vector<size_t> java_hash_order(const std::vector<std::string>& keys, size_t& capacity) {
    std::set<std::string_view> seen;
    std::vector<size_t> distinct;
    for (size_t i = 0; i < keys.size(); ++i)
        if (seen.insert(keys[i]).second) distinct.push_back(i);
    while (distinct.size() > capacity * 3 / 4) capacity *= 2;
    const auto bucket = [&](size_t i) {
        const auto hash = static_cast<uint32_t>(java_hash(keys[i]));
        return (hash ^ hash >> 16) & (capacity - 1);
    };
    std::map<std::pair<size_t, size_t>, size_t> ordered;  // by bucket, within one by arrival
    for (const size_t i : distinct) ordered.emplace(std::pair{bucket(i), i}, i);
    std::vector<size_t> order;
    for (const auto& entry : ordered) order.push_back(entry.second);
    return order;
}

std::vector<size_t> java_hash_order(const std::vector<std::string>& keys) {
    size_t capacity = 16;
    return java_hash_order(keys, capacity);
}

std::string uuid_v7() {
    std::random_device device;
    std::string bytes;
    const auto ms = static_cast<uint64_t>(now_ms());
    for (int shift = 40; shift >= 0; shift -= 8) bytes += static_cast<char>(ms >> shift & 255);
    while (bytes.size() < 16) bytes += static_cast<char>(device() & 255);
    bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x70);
    bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
    std::string out = hex(bytes);
    for (const size_t at : {8u, 13u, 18u, 23u}) out.insert(at, "-");
    return out;
}

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

bool is_utf8(std::string_view bytes) {
    for (size_t i = 0; i < bytes.size();) {
        const auto at = [&](size_t j) { return i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u; };
        const unsigned lead = at(0);
        const size_t length = lead < 0x80                    ? 1
                              : lead >= 0xC2 && lead <= 0xDF ? 2
                              : (lead & 0xF0) == 0xE0        ? 3
                              : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                             : 0;
        if (length == 0) return false;
        for (size_t j = 1; j < length; ++j)
            if ((at(j) & 0xC0) != 0x80) return false;
        if (lead == 0xE0 && at(1) < 0xA0) return false;
        if (lead == 0xED && at(1) > 0x9F) return false;
        if (lead == 0xF0 && at(1) < 0x90) return false;
        if (lead == 0xF4 && at(1) > 0x8F) return false;
        i += length;
    }
    return true;
}

}  // namespace millrace
