#include "events/transaction_metadata.h"

#include "base/json_text.h"
#include "events/envelope.h"

namespace millrace::events {
namespace {

using json_text::append_int;
using json_text::append_string;
using record::Type;

record::SchemaPtr counts_schema() {
    return record::array_of(StructBuilder("event.collection", 1, true)
                                .field("data_collection", Type::String)
                                .field("event_count", Type::Int64)
                                .build(),
                            true);
}

std::string value_head(std::string_view status, const std::string& id) {
    std::string out = "{\"status\":\"";
    out += status;
    out += "\",\"id\":";
    append_string(out, id);
    return out;
}

}  // namespace

TransactionFormat::TransactionFormat()
    : key_(StructBuilder("io.debezium.connector.common.TransactionMetadataKey").field("id", Type::String).build()),
      value_(StructBuilder("io.debezium.connector.common.TransactionMetadataValue")
                 .field("status", Type::String)
                 .field("id", Type::String)
                 .field("event_count", Type::Int64, true)
                 .field("data_collections", counts_schema())
                 .field("ts_ms", Type::Int64)
                 .build()) {}

std::string TransactionFormat::key_payload(const std::string& id) {
    std::string out = "{\"id\":";
    append_string(out, id);
    return out + "}";
}

std::string TransactionFormat::begin_payload(const std::string& id, int64_t ts_ms) {
    std::string out = value_head("BEGIN", id);
    out += ",\"event_count\":null,\"data_collections\":null,\"ts_ms\":";
    append_int(out, ts_ms);
    return out + "}";
}

std::string TransactionFormat::end_payload(const std::string& id, int64_t ts_ms, const std::vector<Count>& counts) {
    int64_t total = 0;
    std::string tables = "[";
    for (const auto& count : counts) {
        if (total > 0) tables += ',';
        tables += "{\"data_collection\":";
        append_string(tables, count.table);
        tables += ",\"event_count\":";
        append_int(tables, count.events);
        tables += '}';
        total += count.events;
    }
    std::string out = value_head("END", id);
    out += ",\"event_count\":";
    append_int(out, total);
    out += ",\"data_collections\":" + tables + "],\"ts_ms\":";
    append_int(out, ts_ms);
    return out + "}";
}

void append_transaction_block(std::string& out, std::string_view id, int64_t total_order, int64_t table_order) {
    out += "{\"id\":";
    append_string(out, id);
    out += ",\"total_order\":";
    append_int(out, total_order);
    out += ",\"data_collection_order\":";
    append_int(out, table_order);
    out += '}';
}

}  // namespace millrace::events
