#include "source/binlog/binlog_offset.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::binlog {
namespace {

constexpr const char* kReadAtKey = "millrace_read_at";
constexpr const char* kPreparedXaKey = "millrace_prepared_xa";

uint64_t number(const Json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return 0;
    return found->get<uint64_t>();
}

}  // namespace

std::string BinlogOffset::to_json() const {
    Json json;
    json["ts_sec"] = ts_sec;
    json["file"] = file;
    json["pos"] = position;
    if (!gtids.empty()) json["gtids"] = gtids;
    if (in_snapshot) json["snapshot"] = "INITIAL";
    if (rows_to_skip != 0) json["row"] = rows_to_skip;
    if (server_id) json["server_id"] = *server_id;
    if (events_to_skip != 0) json["event"] = events_to_skip;
    put_into(json);
    if (!read_at.empty()) json[kReadAtKey] = to_text(Json(read_at));
    if (!prepared_xa.empty()) {
        Json prepared = Json::object();
        for (const auto& [xid, place] : prepared_xa) prepared[xid] = place;
        json[kPreparedXaKey] = prepared.dump();
    }
    return to_text(json);
}

BinlogOffset BinlogOffset::history_position() const {
    BinlogOffset place = *this;
    place.progress = {};
    place.read_at.clear();
    place.lists.clear();
    place.signal_offset.reset();
    place.prepared_xa.clear();
    place.transaction_id.clear();
    place.transaction_counts.clear();
    return place;
}

BinlogOffset BinlogOffset::from_json(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        BinlogOffset offset;
        offset.ts_sec = static_cast<int64_t>(number(json, "ts_sec"));
        offset.file = json.at("file").get<std::string>();
        offset.position = number(json, "pos");
        if (const auto gtids = json.find("gtids"); gtids != json.end() && gtids->is_string())
            offset.gtids = gtids->get<std::string>();
        offset.events_to_skip = number(json, "event");
        offset.rows_to_skip = number(json, "row");
        if (json.contains("server_id")) offset.server_id = static_cast<uint32_t>(number(json, "server_id"));
        if (const auto snapshot = json.find("snapshot"); snapshot != json.end())
            offset.in_snapshot =
                (snapshot->is_boolean() && snapshot->get<bool>()) || *snapshot == "INITIAL" || *snapshot == "true";
        offset.take_from(json);
        if (json.contains(kReadAtKey))
            offset.read_at = Json::parse(json[kReadAtKey].get<std::string>()).get<decltype(offset.read_at)>();
        if (const auto prepared = json.find(kPreparedXaKey); prepared != json.end())
            offset.prepared_xa = Json::parse(prepared->get<std::string>()).get<std::map<std::string, std::string>>();
        return offset;
    } catch (const Json::exception& fault) {
        throw FatalError(format(
            "The stored offset {} is not one of this connector ({}); remove it with DELETE /connectors/NAME/offsets",
            text, fault.what()));
    }
}

bool is_at_or_before(const BinlogOffset& earlier, const BinlogOffset& later, ddl::Server server) {
    if (!earlier.gtids.empty() && !later.gtids.empty() && earlier.gtids != later.gtids) {
        // Positions of different servers say nothing of each other; GTIDs do.
        if (server == ddl::Server::MySql) {
            const auto a = GtidSet::parse(earlier.gtids);
            const auto b = GtidSet::parse(later.gtids);
            if (a && b) return b->contains(*a);
        } else {
            const auto a = MariaDbGtidPosition::parse(earlier.gtids);
            const auto b = MariaDbGtidPosition::parse(later.gtids);
            if (a && b) return b->contains(*a);
        }
    }
    if (!earlier.gtids.empty() && earlier.gtids == later.gtids && earlier.file != later.file) return true;
    return is_at_or_before(earlier.file, earlier.position, later.file, later.position);
}

bool is_at_or_before(std::string_view file, uint64_t position, std::string_view later_file, uint64_t later_position) {
    // File names end in a number that grows; a longer name is a later one.
    if (file.size() != later_file.size()) return file.size() < later_file.size();
    if (file != later_file) return file < later_file;
    return position <= later_position;
}

GtidState::GtidState(ddl::Server server, std::string_view completed) : server_(server), completed_(completed) {
    if (completed.empty()) return;
    bool readable = true;
    if (server == ddl::Server::MySql) {
        const auto set = GtidSet::parse(completed);
        readable = set.has_value();
        if (set) set_ = *set;
    } else {
        const auto position = MariaDbGtidPosition::parse(completed);
        readable = position.has_value();
        if (position) position_ = *position;
    }
    if (!readable) throw FatalError(format("The stored offset's gtids '{}' are no GTID set of this server", completed));
    stale_ = true;
}

void GtidState::begin(const Gtid& gtid) {
    next_ = gtid;
    current_ = gtid.text();
    pending_ = true;
}

void GtidState::begin(const MariaDbGtid& gtid, uint32_t server_id) {
    mariadb_next_ = gtid;
    mariadb_server_ = server_id;
    current_ = format("{}-{}-{}", gtid.domain, server_id, gtid.sequence);
    pending_ = true;
}

void GtidState::commit() {
    if (!pending_) return;
    pending_ = false;
    if (server_ == ddl::Server::MySql)
        set_.add({next_.uuid, next_.tag}, next_.number);
    else
        position_.set(mariadb_next_.domain, mariadb_server_, mariadb_next_.sequence);
    stale_ = true;
}

std::string GtidState::completed_with_current() const {
    GtidState ahead = *this;
    ahead.commit();
    return ahead.completed();
}

const std::string& GtidState::completed() {
    if (stale_) completed_ = server_ == ddl::Server::MySql ? set_.text() : position_.text();
    stale_ = false;
    return completed_;
}

}  // namespace millrace::binlog
