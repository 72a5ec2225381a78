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

record::SchemaPtr envelope_schema(const std::string& topic, const record::SchemaPtr& row,
                                  const record::SchemaPtr& source) {
    return StructBuilder(topic + ".Envelope", 2)
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

std::string sanitized_topic(const std::string& name) {
    constexpr size_t kLengthMax = 249;
    std::string out;
    for (size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        const bool valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                           c == '_' || c == '-';
        if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;  // one '_' for a character of several bytes
        out += valid ? c : '_';
    }
    if (out.size() > kLengthMax) out.resize(kLengthMax);
    if (out == ".") return "_";
    if (out == "..") return "__";
    return out;
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
