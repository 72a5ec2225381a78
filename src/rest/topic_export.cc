#include "rest/topic_export.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::rest {
namespace {

Json readable(const std::string& bytes) {
    if (is_utf8(bytes)) return bytes;
    std::string text = "base64:";
    base64::append(text, bytes);
    return text;
}

Json readable(const std::optional<std::string>& bytes) {
    return bytes ? readable(*bytes) : Json(nullptr);
}

}  // namespace

std::string export_line(const topiclog::StoredRecord& record) {
    Json json;
    json["p"] = record.partition;
    json["o"] = record.offset;
    json["ts"] = record.timestamp_ms;
    json["k"] = readable(record.key);
    json["v"] = readable(record.value);
    json["h"] = Json::array();
    for (const auto& [name, value] : record.headers) json["h"].push_back(Json::array({name, readable(value)}));
    return to_text(json);
}

std::string listing_line(const topiclog::TopicInfo& info) {
    Json json;
    json["name"] = info.name;
    json["partitions"] = info.config.partitions;
    json["records"] = info.records;
    return to_text(json);
}

std::string description(const topiclog::TopicInfo& info) {
    Json json;
    json["name"] = info.name;
    json["partitions"] = info.config.partitions;
    json["records"] = info.records;
    json["bytes"] = info.bytes;
    json["cleanup.policy"] = info.config.compact ? "compact" : "delete";
    json["retention.ms"] = info.config.retention_ms;
    json["retention.bytes"] = info.config.retention_bytes;
    json["offsets"] = Json::array();
    for (size_t i = 0; i < info.next_offsets.size(); ++i)
        json["offsets"].push_back({{"partition", i}, {"first", info.first_offsets[i]}, {"next", info.next_offsets[i]}});
    return to_text(json);
}

}  // namespace millrace::rest
