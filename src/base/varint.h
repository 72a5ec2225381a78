#pragma once

#include <cstdint>
#include <string>

#include "base/byte_cursor.h"

/// Unsigned and zig-zag variable-length integers, seven bits a byte, least significant first.
namespace millrace::varint {

inline void append(std::string& out, uint64_t value) {
    char bytes[10];
    size_t size = 0;
    while (value >= 0x80) {
        bytes[size++] = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    bytes[size++] = static_cast<char>(value);
    out.append(bytes, size);
}
inline void append_signed(std::string& out, int64_t value) {
    append(out, static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
}
inline uint64_t read(ByteCursor& cursor) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const uint8_t byte = cursor.u8();
        value |= static_cast<uint64_t>(byte & 0x7F) << shift;
        if (byte < 0x80) return value;
    }
    cursor.fail();
    return 0;
}
inline int64_t read_signed(ByteCursor& cursor) {
    const uint64_t value = read(cursor);
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

}  // namespace millrace::varint
