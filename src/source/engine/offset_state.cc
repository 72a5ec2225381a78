#include "source/engine/offset_state.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::engine {
namespace {

constexpr std::string_view kTransactionCountKey = "transaction_data_collection_order_";
constexpr const char* kSignalOffsetKey = "millrace_signal_offset";
constexpr const char* kIncrementalId = "incremental_snapshot_correlation_id";
constexpr const char* kIncrementalMaximum = "incremental_snapshot_maximum_key";
constexpr const char* kIncrementalLast = "incremental_snapshot_primary_key";
constexpr const char* kIncrementalTables = "incremental_snapshot_collections";
constexpr const char* kProgressKey = "millrace_snapshot";
constexpr const char* kListsKey = "_millrace_lists";

/// As Debezium keeps it: keys are Java-serialised, in hexadecimal.
void put_incremental(Json& json, const IncrementalSnapshotState& state) {
    if (state.collections.empty()) return;
    Json tables = Json::array();
    for (const auto& collection : state.collections) {
        const auto or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
        tables.push_back({{"incremental_snapshot_collections_id", collection.table},
                          {"incremental_snapshot_collections_additional_condition", or_null(collection.condition)},
                          {"incremental_snapshot_collections_surrogate_key", or_null(collection.surrogate_key)}});
    }
    json[kIncrementalTables] = to_text(tables);
    if (!state.correlation_id.empty()) json[kIncrementalId] = state.correlation_id;
    json[kIncrementalMaximum] = hex(java_serialization::encode(state.maximum));
    json[kIncrementalLast] = hex(java_serialization::encode(state.last_sent));
}

/// Throws FatalError for a key that holds what cannot be read.
std::optional<SnapshotKey> incremental_key(const Json& json, const char* name) {
    const auto found = json.find(name);
    if (found == json.end() || found->is_null()) return std::nullopt;
    const auto bytes = unhex(found->get<std::string>());
    const auto key = bytes ? java_serialization::decode(*bytes) : std::nullopt;
    if (!key)
        throw FatalError(
            format("The stored offset's {} holds a Java object that is not known here. Remove the "
                   "incremental_snapshot_ fields from the offset with PATCH /connectors/NAME/offsets and "
                   "signal the snapshot again",
                   name));
    return *key;
}

IncrementalSnapshotState incremental_of(const Json& json) {
    IncrementalSnapshotState state;
    const auto tables = json.find(kIncrementalTables);
    if (tables == json.end() || tables->is_null()) return state;
    const auto text = [](const Json& entry, const char* name) {
        const auto found = entry.find(name);
        return found == entry.end() || !found->is_string() ? std::string() : found->get<std::string>();
    };
    for (const auto& entry : Json::parse(tables->get<std::string>()))
        state.collections.push_back({text(entry, "incremental_snapshot_collections_id"),
                                     text(entry, "incremental_snapshot_collections_additional_condition"),
                                     text(entry, "incremental_snapshot_collections_surrogate_key")});
    state.correlation_id = text(json, kIncrementalId);
    state.maximum = incremental_key(json, kIncrementalMaximum);
    state.last_sent = incremental_key(json, kIncrementalLast);
    return state;
}

}  // namespace

void OffsetState::put_into(Json& json) const {
    if (!transaction_id.empty()) {
        json["transaction_id"] = transaction_id;
        for (const auto& count : transaction_counts)
            json[std::string(kTransactionCountKey) + count.table] = count.events;
    }
    put_incremental(json, incremental);
    if (signal_offset) json[kSignalOffsetKey] = *signal_offset;
    if (!progress.empty()) json[kProgressKey] = progress.to_json();
    if (!lists.empty()) json[kListsKey] = lists;
}

void OffsetState::take_from(const Json& json) {
    if (const auto id = json.find("transaction_id"); id != json.end() && id->is_string())
        transaction_id = id->get<std::string>();
    for (const auto& [key, value] : json.items())
        if (key.starts_with(kTransactionCountKey))
            transaction_counts.push_back({key.substr(kTransactionCountKey.size()), value.get<int64_t>()});
    incremental = incremental_of(json);
    if (json.contains(kListsKey)) lists = json[kListsKey].get<std::string>();
    if (json.contains(kSignalOffsetKey)) signal_offset = json[kSignalOffsetKey].get<int64_t>();
    if (const auto found = json.find(kProgressKey); found != json.end())
        progress = SnapshotProgress::from_json(found->get<std::string>()).value_or(SnapshotProgress{});
}

}  // namespace millrace::engine
