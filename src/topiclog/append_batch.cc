#include "topiclog/append_batch.h"

#include "base/varint.h"

namespace millrace::topiclog {
namespace {

constexpr uint64_t kNull = UINT64_MAX;  ///< The size of a value that is null.

}  // namespace

void begin_headers(std::string& encoded, size_t count) {
    varint::append(encoded, count);
}

void append_header(std::string& encoded, std::string_view name, const std::string* value) {
    varint::append(encoded, name.size());
    encoded += name;
    varint::append(encoded, value != nullptr ? value->size() : kNull);
    if (value != nullptr) encoded += *value;
}

std::string encode_headers(const Headers& headers) {
    std::string out;
    begin_headers(out, headers.size());
    for (const auto& [name, value] : headers) append_header(out, name, value ? &*value : nullptr);
    return out;
}

HeaderCursor::HeaderCursor(std::string_view encoded) : cursor_(encoded), left_(varint::read(cursor_)) {}

std::optional<std::pair<std::string_view, std::optional<std::string_view>>> HeaderCursor::next() {
    if (left_ == 0 || !cursor_.ok()) return std::nullopt;
    --left_;
    const std::string_view name = cursor_.bytes(varint::read(cursor_));
    const uint64_t size = varint::read(cursor_);
    std::optional<std::string_view> value;
    if (size != kNull) value = cursor_.bytes(size);
    if (!cursor_.ok()) return std::nullopt;
    return std::pair(name, value);
}

Headers decode_headers(std::string_view encoded) {
    Headers headers;
    HeaderCursor cursor(encoded);
    while (const auto header = cursor.next()) headers.emplace_back(header->first, header->second);
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
    field_places_.clear();
    commits_.clear();
    topics_.clear();
    slots_.clear();
    owners_.clear();
    last_topic_ = nullptr;
    last_slot_ = 0;
}

}  // namespace millrace::topiclog
