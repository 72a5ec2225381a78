#include "source/binlog/source_info.h"

#include "base/json_text.h"
#include "events/envelope.h"

namespace millrace::binlog {

using json_text::append_int;
using json_text::append_string;
using record::Type;

record::SchemaPtr source_schema(const ConnectorIdentity& identity) {
    record::Schema snapshot{.type = Type::String, .optional = true, .name = "io.debezium.data.Enum", .version = 1};
    snapshot.parameters = {
        {"allowed", "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"}};
    snapshot.default_json = "\"false\"";
    return events::StructBuilder(identity.package + ".Source")
        .field("version", Type::String)
        .field("connector", Type::String)
        .field("name", Type::String)
        .field("ts_ms", Type::Int64)
        .field("snapshot", std::make_shared<const record::Schema>(std::move(snapshot)))
        .field("db", Type::String)
        .field("sequence", Type::String, true)
        .field("ts_us", Type::Int64, true)
        .field("ts_ns", Type::Int64, true)
        .field("table", Type::String, true)
        .field("server_id", Type::Int64)
        .field("gtid", Type::String, true)
        .field("file", Type::String)
        .field("pos", Type::Int64)
        .field("row", Type::Int32)
        .field("thread", Type::Int64, true)
        .field("query", Type::String, true)
        .build();
}

std::string identity_head(const ConnectorIdentity& identity) {
    std::string out = "{\"version\":";
    append_string(out, identity.source_version);
    out += ",\"connector\":";
    append_string(out, identity.name);
    out += ",\"name\":";
    append_string(out, identity.topic_prefix);
    return out + ",\"ts_ms\":";
}

void append_source_before_row(std::string& out, const std::string& head, const SourceInfo& info) {
    out += head;
    append_int(out, info.ts_us / 1000);
    out += ",\"snapshot\":\"";
    out += info.snapshot;
    out += "\",\"db\":";
    append_string(out, info.database);
    out += ",\"sequence\":null,\"ts_us\":";
    append_int(out, info.ts_us);
    out += ",\"ts_ns\":";
    append_int(out, info.ts_us * 1000);
    out += ",\"table\":";
    if (info.table)
        append_string(out, *info.table);
    else
        out += "null";
    out += ",\"server_id\":";
    append_int(out, info.server_id);
    out += ",\"gtid\":";
    if (info.gtid.empty())
        out += "null";
    else
        append_string(out, info.gtid);
    out += ",\"file\":";
    append_string(out, info.file);
    out += ",\"pos\":";
    append_int(out, static_cast<int64_t>(info.position));
    out += ",\"row\":";
}

void append_source_after_row(std::string& out, const SourceInfo& info) {
    out += ",\"thread\":";
    if (info.thread)
        append_int(out, *info.thread);
    else
        out += "null";
    out += ",\"query\":";
    if (info.query)
        append_string(out, *info.query);
    else
        out += "null";
    out += '}';
}

std::string source_json(const std::string& head, const SourceInfo& info, int64_t row) {
    std::string out;
    append_source_before_row(out, head, info);
    append_int(out, row);
    append_source_after_row(out, info);
    return out;
}

}  // namespace millrace::binlog
