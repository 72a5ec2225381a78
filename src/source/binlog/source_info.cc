#include "source/binlog/source_info.h"

#include "base/json_text.h"

namespace millrace::binlog {

using json_text::append_int;
using json_text::append_string;
using record::Type;

record::SchemaPtr source_schema(const events::ConnectorIdentity& identity) {
    return events::source_block_schema(identity)
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

void append_source_before_row(std::string& out, const events::SourceHead& head, const SourceInfo& info) {
    events::append_source_block(out, head, {.ts_us = info.ts_us, .snapshot = info.snapshot, .database = info.database});
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

std::string source_json(const events::SourceHead& head, const SourceInfo& info, int64_t row) {
    std::string out;
    append_source_before_row(out, head, info);
    append_int(out, row);
    append_source_after_row(out, info);
    return out;
}

}  // namespace millrace::binlog
