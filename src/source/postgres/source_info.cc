#include "source/postgres/source_info.h"

#include "base/json_text.h"

namespace millrace::postgres {

using json_text::append_string;
using record::Type;

record::SchemaPtr source_schema(const events::ConnectorIdentity& identity) {
    return events::source_block_schema(identity)
        .field("schema", Type::String)
        .field("table", Type::String)
        .field("txId", Type::Int64, true)
        .field("lsn", Type::Int64, true)
        .field("xmin", Type::Int64, true)
        .field("origin", Type::String, true)
        .field("origin_lsn", Type::Int64, true)
        .build();
}

void append_source(std::string& out, const events::SourceHead& head, const SourceInfo& info) {
    const auto append_or_null = [&](std::string& to, const char* name, std::optional<uint64_t> value) {
        to += name;
        if (value)
            json_text::append_uint(to, *value);
        else
            to += "null";
    };
    const auto value_of = [](const std::optional<Lsn>& lsn) { return lsn ? std::optional(lsn->value) : std::nullopt; };
    // A JSON array of texts, itself a text.
    std::string sequence = "\"[";
    for (const auto* lsn : {&info.last_commit, &info.lsn}) {
        if (lsn == &info.lsn) sequence += ',';
        if (*lsn) {
            sequence += "\\\"";
            json_text::append_uint(sequence, (*lsn)->value);
            sequence += "\\\"";
        } else {
            sequence += "null";
        }
    }
    sequence += "]\"";
    events::append_source_block(
        out, head,
        {.ts_us = info.ts_us, .snapshot = info.snapshot, .database = info.database, .sequence_json = sequence});
    out += ",\"schema\":";
    append_string(out, info.schema);
    out += ",\"table\":";
    append_string(out, info.table);
    append_or_null(out, ",\"txId\":", info.xid);
    append_or_null(out, ",\"lsn\":", value_of(info.lsn));
    append_or_null(out, ",\"xmin\":", info.xmin);
    out += ",\"origin\":";
    if (info.origin.empty())
        out += "null,\"origin_lsn\":null";
    else {
        append_string(out, info.origin);
        append_or_null(out, ",\"origin_lsn\":", info.origin_lsn.value);
    }
    out += '}';
}

}  // namespace millrace::postgres
