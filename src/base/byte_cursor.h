#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace {

/// Reads foreign bytes front to back. Failure sticks: a read past the end returns zero (or an empty view), and
/// ok() is false from then on, so a parser checks once per structure. Never throws, never reads outside.
/// Views returned live as long as the bytes given to the constructor.
class ByteCursor {
  public:
    ByteCursor() = default;
    explicit ByteCursor(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    bool ok() const { return ok_; }
    void fail() {
        ok_ = false;
        at_ = end_;
    }
    size_t left() const { return static_cast<size_t>(end_ - at_); }
    bool empty() const { return at_ == end_; }
    std::string_view rest() const { return {at_, left()}; }

    uint8_t u8() {
        if (!need(1)) return 0;
        return static_cast<uint8_t>(*at_++);
    }
    uint16_t u16() { return static_cast<uint16_t>(little(2)); }
    uint32_t u24() { return static_cast<uint32_t>(little(3)); }
    uint32_t u32() { return static_cast<uint32_t>(little(4)); }
    uint64_t u48() { return little(6); }
    uint64_t u64() { return little(8); }
    int8_t i8() { return static_cast<int8_t>(u8()); }
    int16_t i16() { return static_cast<int16_t>(u16()); }
    int32_t i24() { return static_cast<int32_t>(u24() << 8) >> 8; }
    int32_t i32() { return static_cast<int32_t>(u32()); }
    int64_t i64() { return static_cast<int64_t>(u64()); }
    float f32() {
        const uint32_t bits = u32();
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
    double f64() {
        const uint64_t bits = u64();
        double value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
    /// `size` bytes, least significant first; size is at most 8.
    uint64_t little(size_t size) {
        if (!need(size)) return 0;
        uint64_t value = 0;
        std::memcpy(&value, at_, size);
        at_ += size;
        return value;
    }
    /// `size` bytes, most significant first; size is at most 8.
    uint64_t big(size_t size) {
        if (!need(size)) return 0;
        uint64_t value = 0;
        for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(at_[i]);
        at_ += size;
        return value;
    }
    std::string_view bytes(size_t size) {
        if (!need(size)) return {};
        const std::string_view view(at_, size);
        at_ += size;
        return view;
    }
    void skip(size_t size) { bytes(size); }
    /// A protocol "length encoded integer" (1, 3, 4 or 9 bytes). 0xFB (NULL) and 0xFF fail.
    uint64_t length_encoded() {
        const uint8_t first = u8();
        if (first < 0xFB) return first;
        if (first == 0xFC) return u16();
        if (first == 0xFD) return u24();
        if (first == 0xFE) return u64();
        fail();
        return 0;
    }
    std::string_view length_encoded_bytes() {
        const uint64_t size = length_encoded();
        if (size > left()) {
            fail();
            return {};
        }
        return bytes(static_cast<size_t>(size));
    }
    /// Bytes up to a zero byte, which is consumed and not returned.
    std::string_view null_terminated() {
        const void* zero = left() != 0 ? std::memchr(at_, 0, left()) : nullptr;
        if (zero == nullptr) {
            fail();
            return {};
        }
        const std::string_view view = bytes(static_cast<size_t>(static_cast<const char*>(zero) - at_));
        skip(1);
        return view;
    }

  private:
    bool need(size_t size) {
        if (size <= left()) return true;
        fail();
        return false;
    }
    const char* at_ = nullptr;
    const char* end_ = nullptr;
    bool ok_ = true;
};

}  // namespace millrace
