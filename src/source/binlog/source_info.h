#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/source_block.h"

namespace millrace::binlog {

/// The `source` struct of MySQL's and MariaDB's events.
record::SchemaPtr source_schema(const events::ConnectorIdentity& identity);

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
/// `"row":`, and what follows the row's number. `head` is events::source_block_head().
void append_source_before_row(std::string& out, const events::SourceHead& head, const SourceInfo& info);
void append_source_after_row(std::string& out, const SourceInfo& info);

/// The whole struct.
std::string source_json(const events::SourceHead& head, const SourceInfo& info, int64_t row = 0);

}  // namespace millrace::binlog
