#include "events/source_block.h"

#include "base/json_text.h"

namespace millrace::events {

using json_text::append_int;
using json_text::append_string;
using record::Type;

StructBuilder source_block_schema(const ConnectorIdentity& identity) {
    record::Schema snapshot{.type = Type::String, .optional = true, .name = "io.debezium.data.Enum", .version = 1};
    snapshot.parameters = {
        {"allowed", "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"}};
    snapshot.default_json = "\"false\"";
    StructBuilder block(identity.package + ".Source");
    block.field("version", Type::String)
        .field("connector", Type::String)
        .field("name", Type::String)
        .field("ts_ms", Type::Int64)
        .field("snapshot", std::make_shared<const record::Schema>(std::move(snapshot)))
        .field("db", Type::String)
        .field("sequence", Type::String, true)
        .field("ts_us", Type::Int64, true)
        .field("ts_ns", Type::Int64, true);
    return block;
}

SourceHead source_block_head(const ConnectorIdentity& identity, bool keeps_nulls) {
    std::string out = "{\"version\":";
    append_string(out, identity.source_version);
    out += ",\"connector\":";
    append_string(out, identity.name);
    out += ",\"name\":";
    append_string(out, identity.topic_prefix);
    return {out + ",\"ts_ms\":", keeps_nulls ? "null" : "\"false\""};
}

void append_source_block(std::string& out, const SourceHead& head, const SourceBlock& block) {
    out += head.text;
    append_int(out, block.ts_us / 1000);
    out += ",\"snapshot\":";
    if (block.snapshot == "false") {
        out += head.not_in_snapshot;
    } else {
        out += '"';
        out += block.snapshot;
        out += '"';
    }
    out += ",\"db\":";
    append_string(out, block.database);
    out += ",\"sequence\":";
    out += block.sequence_json;
    out += ",\"ts_us\":";
    append_int(out, block.ts_us);
    out += ",\"ts_ns\":";
    append_int(out, block.ts_us * 1000);
}

}  // namespace millrace::events
