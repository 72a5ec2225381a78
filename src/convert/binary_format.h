#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What the binary formats of schema registries, Avro and Protobuf, have in common.
namespace millrace::convert {

/// Numbers of fixed size: little-endian, as both have them.
template <typename Bits>
void append_little_endian(std::string& out, Bits bits) {
    constexpr int kByteBits = 8;
    for (size_t i = 0; i < sizeof bits; ++i) out += static_cast<char>(bits >> (i * kByteBits));
}

/// Letters, digits and '_', no digit in front: throws FatalError for another name, which says that `setting` of the
/// connector makes it one. `format_name` is who asks.
void require_name(std::string_view name, std::string_view format_name, std::string_view setting);

}  // namespace millrace::convert
