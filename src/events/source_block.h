#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/envelope.h"

namespace millrace::events {

/// Which connector speaks: what its records say of it.
struct ConnectorIdentity {
    std::string name;            ///< As in source.connector and the headers: Debezium's short name, lower case.
    std::string title;           ///< As in logs.
    std::string package;         ///< Of Debezium's classes, which schemas are named after.
    std::string source_version;  ///< source.version
    std::string topic_prefix;
};

/// The `source` struct's schema with the fields that every connector's begins with; its own come behind them.
StructBuilder source_block_schema(const ConnectorIdentity& identity);

/// What of the struct never changes.
struct SourceHead {
    std::string text;  ///< `{"version":…,"connector":…,"name":…,"ts_ms":`
    /// What stands for snapshot=false: Debezium leaves it null there, and the schema has "false" as the default.
    std::string not_in_snapshot = "\"false\"";
};
/// `keeps_nulls`: nulls are not written as defaults.
SourceHead source_block_head(const ConnectorIdentity& identity, bool keeps_nulls);

/// What those fields say of one event. Texts are not owned.
struct SourceBlock {
    int64_t ts_us = 0;  ///< The change's time at the server.
    std::string_view snapshot = "false";
    std::string_view database;
    std::string_view sequence_json = "null";
};
/// Appends everything up to and with ts_ns; `head` is source_block_head(). The connector's own fields, each with a
/// comma before it, and the closing brace follow.
void append_source_block(std::string& out, const SourceHead& head, const SourceBlock& block);

}  // namespace millrace::events
