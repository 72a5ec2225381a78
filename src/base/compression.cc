#include "base/compression.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

namespace millrace::compression {
namespace {

struct FreeCompressor {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

}  // namespace

void zstd_append(std::string& out, std::string_view bytes, int level) {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
    const size_t start = out.size();
    out.resize(start + ZSTD_compressBound(bytes.size()));
    const size_t size =
        ZSTD_compressCCtx(context.get(), out.data() + start, out.size() - start, bytes.data(), bytes.size(), level);
    out.resize(start + size);
}

std::optional<std::string> zstd_decompress(std::string_view bytes, size_t limit) {
    const std::unique_ptr<ZSTD_DStream, FreeDecompressor> stream(ZSTD_createDStream());
    std::string out;
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    size_t wanted = 1;
    while (input.pos < input.size || wanted != 0) {
        const size_t start = out.size();
        out.resize(start + std::max(size_t{64} * 1024, bytes.size() * 2));
        ZSTD_outBuffer output{out.data() + start, out.size() - start, 0};
        wanted = ZSTD_decompressStream(stream.get(), &output, &input);
        out.resize(start + output.pos);
        if (ZSTD_isError(wanted) != 0 || out.size() > limit) return std::nullopt;
        if (output.pos == 0 && input.pos == input.size) break;
    }
    if (wanted != 0) return std::nullopt;
    return out;
}

std::optional<std::string> zlib_decompress(std::string_view bytes, size_t size) {
    std::string out(size, '\0');
    uLongf length = static_cast<uLongf>(size);
    const int result = uncompress(reinterpret_cast<Bytef*>(out.data()), &length,
                                  reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uLong>(bytes.size()));
    if (result != Z_OK || length != size) return std::nullopt;
    return out;
}

bool inflate_into(std::string& out, std::string_view bytes, size_t size, bool is_raw) {
    out.resize(size);
    z_stream stream{};
    if (inflateInit2(&stream, is_raw ? -MAX_WBITS : MAX_WBITS) != Z_OK) return false;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib's field predates const
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(size);
    const int result = inflate(&stream, Z_FINISH);
    const bool whole = (result == Z_STREAM_END || result == Z_OK || result == Z_BUF_ERROR) && stream.avail_out == 0;
    inflateEnd(&stream);
    return whole;
}

unsigned crc32(std::string_view bytes) {
    return static_cast<unsigned>(
        ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<z_size_t>(bytes.size())));
}

}  // namespace millrace::compression
