#include "topiclog/null_log.h"

#include <algorithm>
#include <chrono>

namespace millrace::topiclog {

void NullLog::ensure_topic(const std::string& name, const TopicConfig& config) {
    const std::lock_guard lock(mutex_);
    Topic& topic = topics_[name];
    topic.config = config;
    topic.config.partitions = 1;
    topic.kept = true;
}

TopicInfo NullLog::info_of(const std::string& name, const Topic& topic) const {
    TopicInfo info;
    info.name = name;
    info.config = topic.config;
    info.records = topic.count;
    info.first_offsets = {0};
    info.next_offsets = {topic.count};
    return info;
}

std::vector<TopicInfo> NullLog::topics() {
    const std::lock_guard lock(mutex_);
    std::vector<TopicInfo> all;
    for (const auto& [name, topic] : topics_) all.push_back(info_of(name, topic));
    return all;
}

std::optional<TopicInfo> NullLog::topic(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = topics_.find(name);
    if (found == topics_.end()) return std::nullopt;
    return info_of(name, found->second);
}

bool NullLog::remove_topic(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return topics_.erase(name) != 0;
}

void NullLog::append(const AppendBatch& batch) {
    const std::lock_guard lock(mutex_);
    std::vector<Topic*> by_slot;
    for (uint32_t slot = 0; slot < batch.topic_count(); ++slot) by_slot.push_back(&topics_[batch.topic(slot)]);
    for (const auto& entry : batch.entries()) {
        Topic& topic = *by_slot[entry.slot];
        const int64_t offset = topic.count++;
        if (!topic.kept) continue;
        StoredRecord record{0, offset, entry.timestamp_ms, {}, {}, {}};
        if (!entry.key.is_null) record.key = batch.full_text(entry.key);
        if (!entry.value.is_null) record.value = batch.full_text(entry.value);
        topic.records.push_back(std::move(record));
    }
    ++append_count_;
    appended_.notify_all();
}

std::vector<StoredRecord> NullLog::fetch(const std::string& name, int32_t, int64_t offset, size_t) {
    const std::lock_guard lock(mutex_);
    const auto found = topics_.find(name);
    if (found == topics_.end()) return {};
    const auto& records = found->second.records;
    const auto from = std::min<size_t>(static_cast<size_t>(offset), records.size());
    return {records.begin() + static_cast<std::ptrdiff_t>(from), records.end()};
}

uint64_t NullLog::append_count() {
    const std::lock_guard lock(mutex_);
    return append_count_;
}

void NullLog::wait_for_append(uint64_t seen, int64_t timeout_ms) {
    std::unique_lock lock(mutex_);
    appended_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return append_count_ != seen; });
}

}  // namespace millrace::topiclog
