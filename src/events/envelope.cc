#include "events/envelope.h"

#include "base/json_text.h"

namespace millrace::events {

using record::Type;

record::SchemaPtr transaction_block_schema() {
    return StructBuilder("event.block", 1, true)
        .field("id", Type::String)
        .field("total_order", Type::Int64)
        .field("data_collection_order", Type::Int64)
        .build();
}

record::SchemaPtr envelope_schema(const std::string& name, const record::SchemaPtr& row,
                                  const record::SchemaPtr& source) {
    return StructBuilder(name, 2)
        .field("before", row)
        .field("after", row)
        .field("source", source)
        .field("transaction", transaction_block_schema())
        .field("op", Type::String)
        .field("ts_ms", Type::Int64, true)
        .field("ts_us", Type::Int64, true)
        .field("ts_ns", Type::Int64, true)
        .build();
}

void append_timestamps(std::string& out, int64_t ns) {
    out += "\"ts_ms\":";
    json_text::append_int(out, ns / 1'000'000);
    out += ",\"ts_us\":";
    json_text::append_int(out, ns / 1000);
    out += ",\"ts_ns\":";
    json_text::append_int(out, ns);
}

}  // namespace millrace::events
