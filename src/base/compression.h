#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The compression libraries, wrapped: nothing outside base/ includes their headers.
namespace millrace::compression {

/// Appends `bytes` compressed with zstd (RFC 8878) at `level`, for the calling thread's reused context.
void zstd_append(std::string& out, std::string_view bytes, int level);

/// The decompressed frames, or nothing if they are damaged or larger than `limit` bytes.
std::optional<std::string> zstd_decompress(std::string_view bytes, size_t limit);

/// Inflates one zlib stream (RFC 1950) of known size, or nothing if it is damaged.
std::optional<std::string> zlib_decompress(std::string_view bytes, size_t size);

/// Inflates a deflate stream of known size into `out`: raw (RFC 1951) or with zlib's frame. False if it is damaged.
bool inflate_into(std::string& out, std::string_view bytes, size_t size, bool is_raw);

/// Can so many bytes come out of a deflate stream of so many? Deflate shrinks 1032 times at most, so a damaged
/// length shows before memory is asked for.
constexpr bool is_plausible_size(size_t inflated, size_t packed) {
    return inflated / 1032 <= packed;
}

/// CRC-32 as used in binlog checksums.
unsigned crc32(std::string_view bytes);

}  // namespace millrace::compression
