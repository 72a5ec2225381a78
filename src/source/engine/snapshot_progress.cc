#include "source/engine/snapshot_progress.h"

#include "base/json.h"
#include "base/text.h"

namespace millrace::engine {
namespace {

Json to_json(const std::optional<SnapshotKey>& key) {
    return key ? Json(hex(java_serialization::encode(key))) : Json(nullptr);
}

/// Throws Json::exception.
std::optional<SnapshotKey> key_from(const Json& json) {
    if (json.is_null()) return std::nullopt;
    const auto bytes = unhex(json.get<std::string>());
    const auto key = bytes ? java_serialization::decode(*bytes) : std::nullopt;
    return key ? *key : std::nullopt;
}

}  // namespace

IncrementalSnapshotState SnapshotProgress::rest(const std::vector<relational::TableId>& tables,
                                                bool with_untouched) const {
    IncrementalSnapshotState state;
    for (const auto& id : tables) {
        const std::string name = id.dotted();
        if (const auto begun = left.find(name); begun != left.end())
            for (const auto& range : begun->second) state.collections.push_back({name, "", "", range.after, range.to});
        else if (with_untouched && !done.contains(name))
            state.collections.push_back({name, "", ""});
    }
    return state;
}

std::string SnapshotProgress::to_json() const {
    Json json = Json::object();
    json["done"] = done;
    json["left"] = Json::object();
    for (const auto& [table, ranges] : left) {
        Json list = Json::array();
        for (const auto& range : ranges) list.push_back({engine::to_json(range.after), engine::to_json(range.to)});
        json["left"][table] = list;
    }
    return to_text(json);
}

std::optional<SnapshotProgress> SnapshotProgress::from_json(std::string_view text) {
    const auto json = parse_json(text);
    if (!json) return std::nullopt;
    try {
        SnapshotProgress progress;
        progress.done = json->at("done").get<std::set<std::string>>();
        for (const auto& [table, ranges] : json->at("left").items())
            for (const auto& range : ranges)
                progress.left[table].push_back({key_from(range.at(0)), key_from(range.at(1))});
        return progress;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

}  // namespace millrace::engine
