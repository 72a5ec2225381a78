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
    EnvelopePlaces places;
    append_timestamps(out, ns, places);
}

void append_timestamps(std::string& out, int64_t ns, EnvelopePlaces& places) {
    const auto append = [&](std::string_view name, int64_t time) {
        out += name;
        const size_t begin = out.size();
        json_text::append_int(out, time);
        return begin;
    };
    places.ts_ms = append("\"ts_ms\":", ns / 1'000'000);
    places.ts_us = append(",\"ts_us\":", ns / 1000);
    places.ts_ns = append(",\"ts_ns\":", ns);
}

}  // namespace millrace::events
