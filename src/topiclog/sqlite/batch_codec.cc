#include "topiclog/sqlite/batch_codec.h"

#include <algorithm>

#include "base/compression.h"
#include "base/varint.h"

namespace millrace::topiclog {
namespace {

constexpr char kPlain = 0;
constexpr char kZstd = 1;
// Event payloads shrink four- to tenfold even at the fastest levels; see docs/dependencies.md for the figures.
constexpr int kZstdLevel = -3;
constexpr size_t kCompressFromBytes = 256;
constexpr size_t kBodyBytesMax = size_t{4} << 30;

void append_text(std::string& out, int64_t prefix, const std::string_view* text) {
    if (text == nullptr) {
        varint::append(out, 0);
        return;
    }
    varint::append(out, static_cast<uint64_t>(prefix) + 1);
    varint::append(out, text->size());
    out += *text;
}

void read_text(ByteCursor& cursor, int64_t& prefix, std::optional<std::string>& text) {
    const uint64_t tag = varint::read(cursor);
    if (tag == 0) return;
    prefix = static_cast<int64_t>(tag - 1);
    text = std::string(cursor.bytes(varint::read(cursor)));
}

}  // namespace

void BatchWriter::add(int64_t offset, int64_t timestamp_ms, int64_t key_prefix, const std::string_view* key,
                      int64_t value_prefix, const std::string_view* value, int64_t headers,
                      std::string_view own_headers) {
    ++count_;
    max_timestamp_ms_ = std::max(max_timestamp_ms_, timestamp_ms);
    varint::append(body_, static_cast<uint64_t>(offset - base_offset_));
    varint::append_signed(body_, timestamp_ms - base_timestamp_ms_);
    append_text(body_, key_prefix, key);
    append_text(body_, value_prefix, value);
    varint::append(body_, static_cast<uint64_t>(headers));
    if (headers != kOwnHeaders) return;
    varint::append(body_, own_headers.size());
    body_ += own_headers;
}

std::string BatchWriter::finish() const {
    std::string head;
    varint::append(head, static_cast<uint64_t>(count_));
    std::string blob(1, kPlain);
    if (body_.size() >= kCompressFromBytes) {
        blob[0] = kZstd;
        blob += head;
        compression::zstd_append(blob, body_, kZstdLevel);
        if (blob.size() < body_.size()) return blob;
        blob.assign(1, kPlain);
    }
    blob += head;
    blob += body_;
    return blob;
}

std::optional<std::vector<PackedRecord>> read_batch(std::string_view blob, int64_t base_offset,
                                                    int64_t base_timestamp_ms) {
    ByteCursor head(blob);
    const char codec = static_cast<char>(head.u8());
    const uint64_t count = varint::read(head);
    if (!head.ok()) return std::nullopt;
    std::optional<std::string> unpacked;
    if (codec == kZstd) {
        unpacked = compression::zstd_decompress(head.rest(), kBodyBytesMax);
        if (!unpacked) return std::nullopt;
    } else if (codec != kPlain) {
        return std::nullopt;
    }
    ByteCursor cursor(unpacked ? std::string_view(*unpacked) : head.rest());
    std::vector<PackedRecord> records;
    records.reserve(std::min<uint64_t>(count, cursor.left()));
    for (uint64_t i = 0; i < count; ++i) {
        PackedRecord record;
        record.offset = base_offset + static_cast<int64_t>(varint::read(cursor));
        record.timestamp_ms = base_timestamp_ms + varint::read_signed(cursor);
        read_text(cursor, record.key_prefix, record.key);
        read_text(cursor, record.value_prefix, record.value);
        record.headers = static_cast<int64_t>(varint::read(cursor));
        if (record.headers == kOwnHeaders) record.own_headers = std::string(cursor.bytes(varint::read(cursor)));
        if (!cursor.ok()) return std::nullopt;
        records.push_back(std::move(record));
    }
    return records;
}

}  // namespace millrace::topiclog
