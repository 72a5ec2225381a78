#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/source_block.h"
#include "source/postgres/lsn.h"

namespace millrace::postgres {

/// The `source` struct of PostgreSQL's events.
record::SchemaPtr source_schema(const events::ConnectorIdentity& identity);

/// What it says of one event.
struct SourceInfo {
    int64_t ts_us = 0;  ///< The transaction's commit.
    std::string_view snapshot = "false";
    std::string_view database, schema, table;
    std::optional<Lsn> last_commit;  ///< Of the transaction before this one.
    std::optional<Lsn> lsn;
    std::optional<uint32_t> xid;
    std::optional<int64_t> xmin;
    std::string_view origin;  ///< Empty: the server itself.
    Lsn origin_lsn;
};

/// Appends the struct; `head` is events::source_block_head().
void append_source(std::string& out, const events::SourceHead& head, const SourceInfo& info);

}  // namespace millrace::postgres
