#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/byte_cursor.h"

namespace millrace::topiclog {

/// A record's headers, whose values may be null, in the form that logs store and a batch shares: see encode_headers().
using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;
std::string encode_headers(const Headers& headers);
/// Encodes piece by piece: first how many there are, then each.
void begin_headers(std::string& encoded, size_t count);
void append_header(std::string& encoded, std::string_view name, const std::string* value);
/// Reads encoded headers one by one, without copying them.
class HeaderCursor {
  public:
    explicit HeaderCursor(std::string_view encoded);
    /// The next; nothing behind the last, or where the bytes are damaged.
    std::optional<std::pair<std::string_view, std::optional<std::string_view>>> next();

  private:
    ByteCursor cursor_;
    uint64_t left_ = 0;
};
/// Nothing is left out and the order is kept. Damaged bytes give what could be read.
Headers decode_headers(std::string_view encoded);

/// Records on their way into a TopicLog, all or none of which become durable together. Keys and values are a
/// shared prefix (a schema part that thousands of records have in common) followed by bytes of their own, which
/// lie one after the other in one buffer. Not thread-safe; handed from thread to thread whole.
class AppendBatch {
  public:
    struct Text {
        const std::string* prefix = nullptr;  ///< Owned by something given to keep().
        size_t offset = 0;                    ///< Into bytes().
        size_t length = 0;
        bool is_null = true;
    };
    /// Where the fields of a value that is a JSON object of so many fields have their values, counted from its first
    /// own byte: who opens it need not look for them.
    using FieldPlaces = std::array<uint32_t, 8>;
    struct Entry {
        uint32_t slot = 0;
        uint32_t fields = 0;  ///< What note_fields() gave for its value; 0: nobody noted them.
        int64_t timestamp_ms = 0;
        Text key;
        Text value;
        const std::string* headers = nullptr;  ///< From encode_headers(); owned by something given to keep().
        bool has_own_headers = false;          ///< They are no other record's: a log keeps them with the record.
        int32_t partition = -1;                ///< -1: the log decides, by the key.
    };

    /// So many records tell changes that were committed at this time, µs since 1970.
    struct Commit {
        int64_t at_us = 0;
        uint64_t records = 0;
    };
    void note_commit(int64_t at_us, uint64_t records) {
        if (!commits_.empty() && commits_.back().at_us == at_us)
            commits_.back().records += records;
        else
            commits_.push_back({at_us, records});
    }
    const std::vector<Commit>& commits() const { return commits_; }
    std::vector<Commit> take_commits() { return std::exchange(commits_, {}); }
    void set_commits(std::vector<Commit> commits) { commits_ = std::move(commits); }

    /// A small number for a topic within this batch. Cheap when asked for the topic asked for last.
    uint32_t slot(const std::string& topic) {
        if (&topic == last_topic_) return last_slot_;
        last_slot_ = find_slot(topic);
        last_topic_ = &topic;
        return last_slot_;
    }
    /// The same by the name's text.
    uint32_t slot_named(std::string_view topic) {
        if (last_slot_ < topics_.size() && topics_[last_slot_] == topic) return last_slot_;
        last_topic_ = nullptr;
        return last_slot_ = find_slot(std::string(topic));
    }
    /// Keeps whatever prefixes, headers and topic names of coming entries live in.
    void keep(const std::shared_ptr<const void>& owner) {
        // The few owners in use alternate; one that comes back later is merely kept twice.
        const size_t recent = owners_.size() < 8 ? owners_.size() : 8;
        for (size_t i = owners_.size() - recent; i < owners_.size(); ++i)
            if (owners_[i] == owner) return;
        owners_.push_back(owner);
    }

    std::string& bytes() { return bytes_; }
    const std::string& bytes() const { return bytes_; }
    /// The text from `start` to the end of bytes(), behind a prefix.
    Text text_from(size_t start, const std::string* prefix = nullptr) const {
        return {prefix, start, bytes_.size() - start, false};
    }
    uint32_t note_fields(const FieldPlaces& places) {
        field_places_.push_back(places);
        return static_cast<uint32_t>(field_places_.size());
    }
    /// nullptr: nobody noted them.
    const FieldPlaces* fields_of(const Entry& entry) const {
        return entry.fields == 0 ? nullptr : &field_places_[entry.fields - 1];
    }
    void add(const Entry& entry) { entries_.push_back(entry); }
    void replace_last(const Entry& entry) { entries_.back() = entry; }
    /// Takes back all entries but the first `count`.
    void truncate(size_t count) { entries_.resize(count); }
    /// Copies a whole record in; for the rare ones.
    void add(const std::string& topic, const std::string* key, const std::string* value, int64_t timestamp_ms);

    const std::vector<Entry>& entries() const { return entries_; }
    const std::string& topic(uint32_t slot) const { return topics_[slot]; }
    size_t topic_count() const { return topics_.size(); }
    std::string_view own_bytes(const Text& text) const { return {bytes_.data() + text.offset, text.length}; }
    /// Prefix and own bytes in one piece.
    std::string full_text(const Text& text) const;

    bool empty() const { return entries_.empty(); }
    /// All keys and values in full.
    size_t full_size() const {
        size_t size = bytes_.size();
        for (const auto& entry : entries_)
            size += (entry.key.prefix != nullptr ? entry.key.prefix->size() : 0) +
                    (entry.value.prefix != nullptr ? entry.value.prefix->size() : 0);
        return size;
    }
    size_t byte_size() const { return bytes_.size() + entries_.size() * sizeof(Entry); }
    void clear();

  private:
    uint32_t find_slot(const std::string& topic);

    std::string bytes_;
    std::vector<Entry> entries_;
    std::vector<FieldPlaces> field_places_;
    std::vector<Commit> commits_;
    std::vector<std::string> topics_;
    std::unordered_map<std::string, uint32_t> slots_;
    std::vector<std::shared_ptr<const void>> owners_;
    const std::string* last_topic_ = nullptr;
    uint32_t last_slot_ = 0;
};

}  // namespace millrace::topiclog
