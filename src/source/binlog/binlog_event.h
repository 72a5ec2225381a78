#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/binlog/column_value.h"

/// The events of MySQL's and MariaDB's binary logs and their parsers. Names are the servers' own
/// (libs/mysql/binlog/event/, sql/log_event.h). Parsers read foreign bytes: they return nothing, never throw,
/// and views in what they return live as long as the bytes given.
namespace millrace::binlog {

enum class EventType : uint8_t {
    Unknown = 0,
    Query = 2,
    Stop = 3,
    Rotate = 4,
    Intvar = 5,
    Rand = 13,
    UserVar = 14,
    FormatDescription = 15,
    Xid = 16,
    BeginLoadQuery = 17,
    ExecuteLoadQuery = 18,
    TableMap = 19,
    WriteRowsV1 = 23,
    UpdateRowsV1 = 24,
    DeleteRowsV1 = 25,
    Incident = 26,
    Heartbeat = 27,
    Ignorable = 28,
    RowsQuery = 29,
    WriteRows = 30,
    UpdateRows = 31,
    DeleteRows = 32,
    Gtid = 33,
    AnonymousGtid = 34,
    PreviousGtids = 35,
    TransactionContext = 36,
    ViewChange = 37,
    XaPrepare = 38,
    PartialUpdateRows = 39,
    TransactionPayload = 40,
    HeartbeatV2 = 41,
    GtidTagged = 42,
    // MariaDB
    AnnotateRows = 160,
    BinlogCheckpoint = 161,
    MariaDbGtid = 162,
    MariaDbGtidList = 163,
    StartEncryption = 164,
    QueryCompressed = 165,
    WriteRowsCompressedV1 = 166,
    UpdateRowsCompressedV1 = 167,
    DeleteRowsCompressedV1 = 168,
    WriteRowsCompressed = 169,
    UpdateRowsCompressed = 170,
    DeleteRowsCompressed = 171,
};

constexpr uint16_t LOG_EVENT_ARTIFICIAL_F = 0x20;
constexpr uint16_t LOG_EVENT_IGNORABLE_F = 0x80;
constexpr size_t kEventHeaderBytes = 19;

struct EventHeader {
    uint32_t timestamp = 0;  ///< Seconds since the epoch.
    EventType type = EventType::Unknown;
    uint32_t server_id = 0;
    uint32_t event_size = 0;  ///< Header and checksum included.
    uint32_t log_pos = 0;     ///< The low 32 bits of the next event's position.
    uint16_t flags = 0;
};
std::optional<EventHeader> parse_header(std::string_view event);

struct FormatDescription {
    std::string_view server_version;
    bool has_checksums = false;  ///< Events end with a CRC-32.
    /// Post-header length by event type; index 0 is type 1.
    std::string_view post_header_lengths;
};
std::optional<FormatDescription> parse_format_description(std::string_view body);

struct Rotate {
    uint64_t position = 0;
    std::string_view file;
};
std::optional<Rotate> parse_rotate(std::string_view body);

struct Query {
    uint32_t thread_id = 0;
    uint16_t error_code = 0;
    std::string_view database;
    std::string_view statement;  ///< In the character set of the client.
    std::optional<uint64_t> sql_mode;
    std::optional<unsigned> client_collation;
    std::optional<unsigned> server_collation;
    std::optional<unsigned> default_collation;
};
/// `unpacked` holds the statement of a compressed event.
std::optional<Query> parse_query(std::string_view body, bool compressed, std::string& unpacked);

struct Gtid {
    std::string uuid;
    std::string tag;
    int64_t number = 0;
    int64_t committed_us = 0;  ///< When it was committed where it was first run, since 1970; 0: the log does not say.
    std::string text() const;
};
std::optional<Gtid> parse_gtid(std::string_view body);
std::optional<Gtid> parse_gtid_tagged(std::string_view body);

struct MariaDbGtid {
    uint32_t domain = 0;
    uint64_t sequence = 0;
    uint8_t flags = 0;
    bool is_standalone() const { return (flags & 1) != 0; }  ///< No terminating COMMIT: DDL.
    bool is_prepared_xa() const { return (flags & 64) != 0; }
    bool is_completed_xa() const { return (flags & 128) != 0; }
};
std::optional<MariaDbGtid> parse_mariadb_gtid(std::string_view body);

struct TableMap {
    uint64_t table_id = 0;
    std::string_view database;
    std::string_view table;
    std::vector<WireColumn> columns;
    std::string_view optional_metadata;  ///< For read_column_metadata().
};
/// What the log says of columns beyond their types (since MySQL 8.0, MariaDB 10.5). Not needed for reading rows.
struct ColumnMetadata {
    std::vector<bool> are_unsigned;       ///< Of each column; empty: not told.
    std::vector<std::string_view> names;  ///< With binlog_row_metadata=FULL.
    /// The same, of each ENUM and SET in turn, in the column's character set.
    std::vector<std::vector<std::string_view>> literals;
};
ColumnMetadata read_column_metadata(const TableMap& map);
/// MariaDB adds two invisible columns, row_start and row_end, to tables WITH SYSTEM VERSIONING: does the log have them
/// behind the `known` ones?
bool ends_in_versioning_columns(const TableMap& map, size_t known);
/// `table_id_bytes` is 6, or 4 in logs of very old servers.
std::optional<TableMap> parse_table_map(std::string_view body, size_t table_id_bytes = 6);

struct Rows {
    enum class Kind { Write, Update, Delete };
    Kind kind = Kind::Write;
    bool is_partial = false;  ///< PARTIAL_UPDATE_ROWS
    uint64_t table_id = 0;
    bool ends_statement = false;
    uint32_t column_count = 0;
    std::string_view columns_before;  ///< Bitmap: which columns the (before) image has.
    std::string_view columns_after;   ///< Of an update.
    std::string_view images;          ///< The rows, one behind the other.
};
/// `unpacked` holds the images of a compressed event.
std::optional<Rows> parse_rows(EventType type, std::string_view body, std::string& unpacked);
bool is_rows(EventType type);

struct XaPrepare {
    bool one_phase = false;
    std::string xid;  ///< In the form that XA statements in the log have: X'gtrid',X'bqual',format.
};
std::optional<XaPrepare> parse_xa_prepare(std::string_view body);

struct TransactionPayload {
    bool is_zstd = false;
    uint64_t uncompressed_size = 0;
    std::string_view payload;
};
std::optional<TransactionPayload> parse_transaction_payload(std::string_view body);

inline bool bit_at(std::string_view bitmap, size_t i) {
    return i / 8 < bitmap.size() && (static_cast<unsigned char>(bitmap[i / 8]) >> (i % 8) & 1) != 0;
}

}  // namespace millrace::binlog
