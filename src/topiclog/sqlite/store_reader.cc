#include "topiclog/sqlite/store_reader.h"

#include "base/errors.h"
#include "base/text.h"
#include "topiclog/sqlite/batch_codec.h"

namespace millrace::topiclog {
namespace {

constexpr std::string_view kTopicColumns =
    "SELECT id, name, partitions, compact, retention_ms, retention_bytes FROM topic";
// Ids are never reused, so cached prefixes stay true; a topic with very many schema versions empties the cache.
constexpr size_t kPrefixesMax = 4096;

}  // namespace

std::string store_file(const std::string& directory) {
    return directory + "/topics.db";
}

StoreReader::StoreReader(const std::string& directory)
    : database_(store_file(directory), Database::Mode::Read),
      select_topics_(database_.prepare(std::string(kTopicColumns) + " ORDER BY name")),
      select_topic_(database_.prepare(std::string(kTopicColumns) + " WHERE name = ?")),
      select_partitions_(database_.prepare(
          "SELECT p.number, p.next_offset, (SELECT min(base_offset) FROM batch WHERE partition_id = p.id), p.bytes "
          "FROM partition p WHERE p.topic_id = ? ORDER BY p.number")),
      select_partition_(database_.prepare(
          "SELECT p.id FROM partition p JOIN topic t ON t.id = p.topic_id WHERE t.name = ? AND p.number = ?")),
      select_batches_(database_.prepare(
          "SELECT base_offset, base_timestamp, data FROM batch WHERE partition_id = ?1 AND base_offset >= "
          "coalesce((SELECT max(base_offset) FROM batch WHERE partition_id = ?1 AND base_offset <= ?2), 0) "
          "ORDER BY base_offset")),
      select_prefix_(database_.prepare("SELECT bytes FROM prefix WHERE id = ?")) {}

std::optional<TopicInfo> StoreReader::read_topic(Statement& row) {
    if (!row.step()) return std::nullopt;
    TopicInfo info;
    info.name = row.bytes(1);
    info.config = {static_cast<int32_t>(row.integer(2)), row.integer(3) != 0, row.integer(4), row.integer(5)};
    select_partitions_.reset().bind(1, row.integer(0));
    while (select_partitions_.step()) {
        const int64_t next = select_partitions_.integer(1);
        const bool kept = !select_partitions_.bytes(2).empty();
        info.next_offsets.push_back(next);
        info.first_offsets.push_back(kept ? select_partitions_.integer(2) : next);
        info.records += next;
        info.bytes += select_partitions_.integer(3);
    }
    select_partitions_.reset();
    return info;
}

std::vector<TopicInfo> StoreReader::topics() {
    const std::lock_guard lock(mutex_);
    std::vector<TopicInfo> all;
    select_topics_.reset();
    while (auto info = read_topic(select_topics_)) all.push_back(std::move(*info));
    select_topics_.reset();
    return all;
}

std::optional<TopicInfo> StoreReader::topic(const std::string& name) {
    const std::lock_guard lock(mutex_);
    auto info = read_topic(select_topic_.reset().bind_text(1, name));
    select_topic_.reset();
    return info;
}

const std::string& StoreReader::prefix(int64_t id) {
    static const std::string kNone;
    if (id == 0) return kNone;
    const auto found = prefixes_.find(id);
    if (found != prefixes_.end()) return found->second;
    if (prefixes_.size() >= kPrefixesMax) prefixes_.clear();
    select_prefix_.reset().bind(1, id);
    if (!select_prefix_.step()) throw FatalError(format("The embedded store lacks the prefix {} of a record", id));
    std::string bytes(select_prefix_.bytes(0));
    select_prefix_.reset();
    return prefixes_.emplace(id, std::move(bytes)).first->second;
}

std::vector<StoredRecord> StoreReader::fetch(const std::string& name, int32_t partition, int64_t offset,
                                             size_t bytes_max) {
    const std::lock_guard lock(mutex_);
    std::vector<StoredRecord> records;
    select_partition_.reset().bind_text(1, name).bind(2, partition);
    const bool known = select_partition_.step();
    const int64_t id = known ? select_partition_.integer(0) : 0;
    select_partition_.reset();
    if (!known) return records;

    size_t size = 0;
    select_batches_.reset().bind(1, id).bind(2, offset);
    while (size < bytes_max && select_batches_.step()) {
        auto packed = read_batch(select_batches_.bytes(2), select_batches_.integer(0), select_batches_.integer(1));
        if (!packed)
            throw FatalError(format("The embedded store's batch {}-{}@{} is damaged; restore it from a backup", name,
                                    partition, select_batches_.integer(0)));
        for (auto& from : *packed) {
            if (from.offset < offset || size >= bytes_max) continue;
            StoredRecord record{partition, from.offset, from.timestamp_ms, {}, {}, {}};
            if (from.key) record.key = prefix(from.key_prefix) + *from.key;
            if (from.value) record.value = prefix(from.value_prefix) + *from.value;
            if (from.headers == kOwnHeaders)
                record.headers = decode_headers(from.own_headers);
            else if (from.headers != 0)
                record.headers = decode_headers(prefix(from.headers));
            size += (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0) + 64;
            records.push_back(std::move(record));
        }
    }
    select_batches_.reset();
    return records;
}

int64_t StoreReader::data_version() {
    const std::lock_guard lock(mutex_);
    return database_.data_version();
}

}  // namespace millrace::topiclog
