#include "source/postgres/postgres_offset.h"

#include <algorithm>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::postgres {
namespace {

constexpr const char* kEventsDoneKey = "millrace_events_done";
constexpr const char* kReadAtKey = "millrace_read_at";
constexpr const char* kTransactionEndKey = "millrace_transaction_end";

template <typename Number>
std::optional<Number> number(const Json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return std::nullopt;
    return found->get<Number>();
}

std::optional<Lsn> lsn_of(const Json& json, const char* key) {
    const auto value = number<uint64_t>(json, key);
    return value ? std::optional(Lsn{*value}) : std::nullopt;
}

}  // namespace

Lsn PostgresOffset::resume_from() const {
    return std::max(passed, last_commit ? *last_commit : processed ? *processed : lsn.value_or(Lsn{}));
}

std::string PostgresOffset::to_json() const {
    Json json;
    const auto put = [&](const char* key, const std::optional<Lsn>& value) {
        if (value) json[key] = value->value;
    };
    put("lsn_proc", processed);
    if (!message_type.empty()) json["messageType"] = message_type;
    put("lsn_commit", passed ? std::optional(resume_from()) : last_commit);
    put("lsn", lsn);
    if (xid) json["txId"] = *xid;
    json["ts_usec"] = ts_us;
    if (xmin) json["xmin"] = *xmin;
    if (in_snapshot) {
        json["snapshot"] = "INITIAL";
        json["last_snapshot_record"] = false;
        json["snapshot_completed"] = false;
    }
    if (transaction_end) {
        json[kTransactionEndKey] = transaction_end.value;
        json[kEventsDoneKey] = events_done;
    }
    if (!read_at.empty()) {
        Json places = Json::object();
        for (const auto& [table, place] : read_at) places[table] = place.value;
        json[kReadAtKey] = to_text(places);
    }
    put_into(json);
    return to_text(json);
}

PostgresOffset PostgresOffset::from_json(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        PostgresOffset offset;
        offset.lsn = lsn_of(json, "lsn");
        offset.processed = lsn_of(json, "lsn_proc");
        offset.last_commit = lsn_of(json, "lsn_commit");
        if (!offset.lsn && !offset.processed && !offset.last_commit) throw FatalError("it names no place in the log");
        offset.xid = number<uint32_t>(json, "txId");
        offset.xmin = number<int64_t>(json, "xmin");
        offset.ts_us = number<int64_t>(json, "ts_usec").value_or(0);
        offset.message_type = json.value("messageType", "");
        const bool was_last = json.value("last_snapshot_record", false) || json.value("snapshot_completed", false);
        if (const auto snapshot = json.find("snapshot"); snapshot != json.end() && !was_last)
            offset.in_snapshot =
                (snapshot->is_boolean() && snapshot->get<bool>()) || *snapshot == "INITIAL" || *snapshot == "true";
        offset.events_done = number<uint64_t>(json, kEventsDoneKey).value_or(0);
        offset.transaction_end = lsn_of(json, kTransactionEndKey).value_or(Lsn{});
        const Json places =
            json.contains(kReadAtKey) ? Json::parse(json[kReadAtKey].get<std::string>()) : Json::object();
        for (const auto& [table, place] : places.items()) offset.read_at[table] = {place.get<uint64_t>()};
        offset.take_from(json);
        return offset;
    } catch (const std::exception& fault) {
        throw FatalError(format(
            "The stored offset {} is not one of this connector ({}); remove it with DELETE /connectors/NAME/offsets",
            text, fault.what()));
    }
}

}  // namespace millrace::postgres
