#include "worker/offset_store.h"

#include <map>

#include "base/calendar.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::worker {

std::vector<std::pair<Json, Json>> OffsetStore::read(const std::string& connector, const std::string& own_topic) const {
    std::map<std::string, std::pair<Json, Json>> by_partition;
    const auto visit = [&](const topiclog::StoredRecord& record) {
        const auto key = parse_json(record.key.value_or(""));
        if (!key || !key->is_array() || key->size() != 2 || (*key)[0] != connector) return;
        const auto value = record.value ? parse_json(*record.value) : std::nullopt;
        if (value)
            by_partition[(*key)[1].dump()] = {(*key)[1], *value};
        else
            by_partition.erase((*key)[1].dump());
    };
    topiclog::for_each_record(log_, topic_, visit);
    if (!own_topic.empty() && own_topic != topic_) topiclog::for_each_record(log_, own_topic, visit);
    std::vector<std::pair<Json, Json>> all;
    for (auto& [partition, pair] : by_partition) all.push_back(std::move(pair));
    return all;
}

void OffsetStore::write(const std::string& connector, const std::string& own_topic,
                        const std::vector<std::pair<Json, Json>>& offsets) {
    topiclog::AppendBatch batch;
    for (const auto& [partition, offset] : offsets) {
        const std::string key = to_text(Json::array({connector, partition}));
        const std::string value = offset.is_null() ? std::string() : to_text(offset);
        batch.add(topic_, &key, offset.is_null() ? nullptr : &value, now_ms());
        if (!own_topic.empty() && own_topic != topic_)
            batch.add(own_topic, &key, offset.is_null() ? nullptr : &value, now_ms());
    }
    if (!batch.empty()) log_.append(batch);
}

}  // namespace millrace::worker
