#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "record/schema.h"

namespace millrace::binlog {

/// Which of the two connectors speaks: what differs in names.
struct ConnectorIdentity {
    std::string name;            ///< "mysql" or "mariadb", as in source.connector and the headers.
    std::string title;           ///< "MySQL" or "MariaDB", as in logs.
    std::string package;         ///< "io.debezium.connector.mysql"
    std::string source_version;  ///< source.version
    std::string topic_prefix;
};

/// The `source` struct of MySQL's and MariaDB's events.
record::SchemaPtr source_schema(const ConnectorIdentity& identity);

/// What the source struct of one event says.
struct SourceInfo {
    int64_t ts_us = 0;  ///< The change's time at the server: of its commit where the log tells it, else whole seconds.
    std::string_view snapshot = "false";
    std::string_view database;
    std::optional<std::string_view> table;
    uint32_t server_id = 0;
    std::string_view gtid;  ///< Empty: null.
    std::string_view file;
    uint64_t position = 0;
    std::optional<uint32_t> thread;
    std::optional<std::string_view> query;
};

/// Appends the struct in two parts, so that the rows of one binlog event share them: everything up to and with
/// `"row":`, and what follows the row's number. `escaped_head` is identity_head().
void append_source_before_row(std::string& out, const std::string& identity_head, const SourceInfo& info);
void append_source_after_row(std::string& out, const SourceInfo& info);

/// `{"version":…,"connector":…,"name":…,"ts_ms":`, which never changes.
std::string identity_head(const ConnectorIdentity& identity);

/// The whole struct.
std::string source_json(const std::string& identity_head, const SourceInfo& info, int64_t row = 0);

}  // namespace millrace::binlog
