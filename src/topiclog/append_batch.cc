#include "topiclog/append_batch.h"

#include "base/varint.h"

namespace millrace::topiclog {

namespace {

constexpr uint64_t kNull = UINT64_MAX;  ///< The size of a value that is null.

}  // namespace

void append_header_value(std::string& encoded, const std::string* value) {
    varint::append(encoded, value != nullptr ? value->size() : kNull);
    if (value != nullptr) encoded += *value;
}

std::string encode_headers(const Headers& headers) {
    std::string out;
    varint::append(out, headers.size());
    for (const auto& [name, value] : headers) {
        varint::append(out, name.size());
        out += name;
        append_header_value(out, value ? &*value : nullptr);
    }
    return out;
}

Headers decode_headers(std::string_view encoded) {
    Headers headers;
    ByteCursor cursor(encoded);
    const uint64_t count = varint::read(cursor);
    for (uint64_t i = 0; i < count && cursor.ok(); ++i) {
        std::string name(cursor.bytes(varint::read(cursor)));
        const uint64_t size = varint::read(cursor);
        std::optional<std::string> value;
        if (size != kNull) value = std::string(cursor.bytes(size));
        if (cursor.ok()) headers.emplace_back(std::move(name), std::move(value));
    }
    return headers;
}

void AppendBatch::add(const std::string& topic, const std::string* key, const std::string* value,
                      int64_t timestamp_ms) {
    Entry entry;
    entry.slot = find_slot(topic);
    entry.timestamp_ms = timestamp_ms;
    const auto copied = [&](const std::string& text) {
        const size_t start = bytes_.size();
        bytes_ += text;
        return text_from(start);
    };
    if (key != nullptr) entry.key = copied(*key);
    if (value != nullptr) entry.value = copied(*value);
    entries_.push_back(entry);
}

std::string AppendBatch::full_text(const Text& text) const {
    std::string out = text.prefix != nullptr ? *text.prefix : std::string();
    return out.append(own_bytes(text));
}

uint32_t AppendBatch::find_slot(const std::string& topic) {
    const auto [at, added] = slots_.try_emplace(topic, static_cast<uint32_t>(topics_.size()));
    if (added) topics_.push_back(topic);
    return at->second;
}

void AppendBatch::clear() {
    bytes_.clear();
    entries_.clear();
    commits_.clear();
    topics_.clear();
    slots_.clear();
    owners_.clear();
    last_topic_ = nullptr;
    last_slot_ = 0;
}

}  // namespace millrace::topiclog
