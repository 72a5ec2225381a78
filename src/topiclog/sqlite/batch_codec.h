#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "topiclog/topic_log.h"

/// How records lie in the `data` column of the store's batch table.
///
///   blob    := codec u8 (0 plain, 1 zstd) , body
///   body    := count varint , record*
///   record  := offset_delta varint        from the batch's base offset
///              timestamp_delta zig-zag    from the batch's base timestamp
///              text (key) , text (value)
///              headers varint             0: none, else a prefix id, or kOwnHeaders: then length varint, bytes
///   text    := 0                          null
///            | 1 + prefix id (0: no prefix) varint , length varint , bytes
///
/// A prefix id names a row of the store's prefix table: the schema part that thousands of records share is stored
/// once per topic, not once per record.
namespace millrace::topiclog {

/// Stands for the id of headers that are one record's alone.
constexpr int64_t kOwnHeaders = INT64_MAX;

/// The writing half: collects the records of one batch row.
class BatchWriter {
  public:
    using PrefixId = std::function<int64_t(const std::string&)>;

    BatchWriter(int64_t base_offset, int64_t base_timestamp_ms)
        : base_offset_(base_offset), base_timestamp_ms_(base_timestamp_ms) {}

    void add(int64_t offset, int64_t timestamp_ms, int64_t key_prefix, const std::string_view* key,
             int64_t value_prefix, const std::string_view* value, int64_t headers, std::string_view own_headers = {});
    int64_t count() const { return count_; }
    size_t size() const { return body_.size(); }
    int64_t base_offset() const { return base_offset_; }
    int64_t base_timestamp_ms() const { return base_timestamp_ms_; }
    int64_t max_timestamp_ms() const { return max_timestamp_ms_; }
    /// The blob; compressed where that makes it smaller.
    std::string finish() const;

  private:
    int64_t base_offset_;
    int64_t base_timestamp_ms_;
    int64_t max_timestamp_ms_ = INT64_MIN;
    int64_t count_ = 0;
    std::string body_;
};

/// A record whose prefixes are still ids.
struct PackedRecord {
    int64_t offset = 0;
    int64_t timestamp_ms = 0;
    int64_t key_prefix = 0;
    int64_t value_prefix = 0;
    int64_t headers = 0;  ///< kOwnHeaders: own_headers.
    std::string own_headers;
    std::optional<std::string> key;
    std::optional<std::string> value;
};

/// Nothing if the blob is damaged.
std::optional<std::vector<PackedRecord>> read_batch(std::string_view blob, int64_t base_offset,
                                                    int64_t base_timestamp_ms);

}  // namespace millrace::topiclog
