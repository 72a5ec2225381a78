#include "source/binlog/binlog_event.h"

#include "base/compression.h"
#include "base/text.h"

namespace millrace::binlog {
namespace {

std::string uuid_text(std::string_view bytes) {
    std::string text = hex(bytes);
    for (const size_t at : {8u, 13u, 18u, 23u})
        if (at < text.size()) text.insert(at, "-");
    return text;
}

/// MariaDB's compressed form: a byte with algorithm and length of the length, the length, a zlib stream.
bool unpack_mariadb(std::string_view packed, std::string& out) {
    ByteCursor cursor(packed);
    const uint8_t head = cursor.u8();
    const auto size = static_cast<size_t>(cursor.big(head & 7));
    if (!cursor.ok() || (head & 0x80) == 0 || !compression::is_plausible_size(size, packed.size())) return false;
    auto plain = compression::zlib_decompress(cursor.rest(), size);
    if (!plain) return false;
    out = std::move(*plain);
    return true;
}

/// Bytes that a column type's metadata takes in a table map.
size_t metadata_size(WireType type) {
    switch (type) {
        case WireType::Float:
        case WireType::Double:
        case WireType::Timestamp2:
        case WireType::DateTime2:
        case WireType::Time2:
        case WireType::TinyBlob:
        case WireType::MediumBlob:
        case WireType::LongBlob:
        case WireType::Blob:
        case WireType::BlobCompressed:
        case WireType::Geometry:
        case WireType::Vector:
        case WireType::Json:
            return 1;
        case WireType::Varchar:
        case WireType::VarString:
        case WireType::VarcharCompressed:
        case WireType::Bit:
        case WireType::NewDecimal:
        case WireType::Enum:
        case WireType::Set:
        case WireType::String:
            return 2;
        default:
            return 0;
    }
}

WireColumn read_column(WireType type, ByteCursor& metadata) {
    WireColumn column{type, 0};
    const size_t size = metadata_size(type);
    if (size == 1) {
        column.meta = metadata.u8();
    } else if (size == 2) {
        const std::string_view raw = metadata.bytes(2);
        if (raw.size() < 2) return column;
        const auto first = static_cast<unsigned char>(raw[0]);
        const auto second = static_cast<unsigned char>(raw[1]);
        switch (type) {
            case WireType::Varchar:
            case WireType::VarString:
            case WireType::VarcharCompressed:
                column.meta = static_cast<uint16_t>(first | second << 8);
                break;
            case WireType::Bit:
                column.meta = static_cast<uint16_t>(second << 8 | first);
                break;
            default:
                column.meta = static_cast<uint16_t>(first << 8 | second);  // NewDecimal: precision, scale
        }
        if (type == WireType::String &&
            (first == static_cast<unsigned char>(WireType::Enum) || first == static_cast<unsigned char>(WireType::Set)))
            column.type = static_cast<WireType>(first);
    }
    return column;
}

/// One bit for each column of a numeric type.
std::vector<bool> read_signedness(std::string_view bits, const TableMap& map) {
    std::vector<bool> are_unsigned(map.columns.size());
    size_t numeric = 0;
    for (size_t i = 0; i < map.columns.size(); ++i) {
        const auto type = map.columns[i].type;
        const bool is_numeric = (type >= WireType::Tiny && type <= WireType::Double) || type == WireType::LongLong ||
                                type == WireType::Int24 || type == WireType::NewDecimal || type == WireType::Year;
        if (!is_numeric) continue;
        if (numeric / 8 < bits.size())
            are_unsigned[i] = (static_cast<unsigned char>(bits[numeric / 8]) >> (7 - numeric % 8) & 1) != 0;
        ++numeric;
    }
    return are_unsigned;
}

using Literals = std::vector<std::vector<std::string_view>>;

Literals read_literals(ByteCursor value) {
    Literals all;
    while (!value.empty() && value.ok()) {
        auto& literals = all.emplace_back();
        for (uint64_t left = value.length_encoded(); left > 0 && value.ok() && !value.empty(); --left)
            literals.push_back(value.length_encoded_bytes());
    }
    return all;
}

/// ENUM's and SET's literals come apart from each other; together they follow the columns.
Literals joined(const TableMap& map, Literals enums, Literals sets) {
    Literals all;
    size_t enum_at = 0, set_at = 0;
    for (const auto& column : map.columns) {
        if (column.type != WireType::Enum && column.type != WireType::Set) continue;
        auto& from = column.type == WireType::Enum ? enums : sets;
        auto& at = column.type == WireType::Enum ? enum_at : set_at;
        if (at == from.size()) break;
        all.push_back(std::move(from[at++]));
    }
    return all;
}

/// Query event status variables up to the ones that matter; the servers write them in ascending order of code.
void read_status_variables(ByteCursor cursor, Query& query) {
    while (!cursor.empty() && cursor.ok()) {
        switch (cursor.u8()) {
            case 0:
                cursor.skip(4);
                break;  // Q_FLAGS2
            case 1:
                query.sql_mode = cursor.u64();
                break;  // Q_SQL_MODE
            case 2:
                cursor.skip(cursor.u8() + size_t{1});
                break;  // Q_CATALOG
            case 3:
                cursor.skip(4);
                break;  // Q_AUTO_INCREMENT
            case 4:     // Q_CHARSET
                query.client_collation = cursor.u16();
                cursor.skip(2);
                query.server_collation = cursor.u16();
                break;
            case 5:
                cursor.skip(cursor.u8());
                break;  // Q_TIME_ZONE
            case 6:
                cursor.skip(cursor.u8());
                break;  // Q_CATALOG_NZ
            case 7:
                cursor.skip(2);
                break;  // Q_LC_TIME_NAMES
            case 8:
                query.default_collation = cursor.u16();
                break;  // Q_CHARSET_DATABASE
            case 9:
                cursor.skip(8);
                break;  // Q_TABLE_MAP_FOR_UPDATE
            case 10:
                cursor.skip(4);
                break;  // Q_MASTER_DATA_WRITTEN
            case 11:
                cursor.skip(cursor.u8());
                cursor.skip(cursor.u8());
                break;  // Q_INVOKER
            case 12: {  // Q_UPDATED_DB_NAMES
                const uint8_t count = cursor.u8();
                for (uint8_t i = 0; count != 254 && i < count && cursor.ok(); ++i) cursor.null_terminated();
                break;
            }
            case 13:
                cursor.skip(3);
                break;  // Q_MICROSECONDS
            case 16:
                cursor.skip(1);
                break;  // Q_EXPLICIT_DEFAULTS_FOR_TIMESTAMP
            case 17:
                cursor.skip(8);
                break;  // Q_DDL_LOGGED_WITH_XID
            case 18:
                query.default_collation = cursor.u16();
                break;  // Q_DEFAULT_COLLATION_FOR_UTF8MB4
            case 19:
                cursor.skip(1);
                break;  // Q_SQL_REQUIRE_PRIMARY_KEY
            case 20:
                cursor.skip(1);
                break;  // Q_DEFAULT_TABLE_ENCRYPTION
            case 128:
                cursor.skip(3);
                break;  // MariaDB: Q_HRNOW
            case 129:
                cursor.skip(8);
                break;  // MariaDB: Q_XID
            default:
                return;
        }
    }
}

/// The varlen integers of mysql::serialization: as many low one-bits as there are further bytes.
uint64_t read_varlen(ByteCursor& cursor) {
    const uint8_t first = cursor.u8();
    size_t further = 0;
    while (further < 8 && (first >> further & 1) != 0) ++further;
    uint64_t value = further < 8 ? static_cast<uint64_t>(first) >> (further + 1) : 0;
    const unsigned shift = further < 8 ? static_cast<unsigned>(7 - further) : 0;
    const uint64_t rest = cursor.little(further);
    value |= rest << shift;
    return value;
}
int64_t read_varlen_signed(ByteCursor& cursor) {
    const uint64_t raw = read_varlen(cursor);
    return static_cast<int64_t>(raw >> 1) ^ -static_cast<int64_t>(raw & 1);
}

}  // namespace

std::optional<EventHeader> parse_header(std::string_view event) {
    ByteCursor cursor(event);
    EventHeader header;
    header.timestamp = cursor.u32();
    header.type = static_cast<EventType>(cursor.u8());
    header.server_id = cursor.u32();
    header.event_size = cursor.u32();
    header.log_pos = cursor.u32();
    header.flags = cursor.u16();
    if (!cursor.ok() || header.event_size < kEventHeaderBytes) return std::nullopt;
    return header;
}

std::optional<FormatDescription> parse_format_description(std::string_view body) {
    ByteCursor cursor(body);
    FormatDescription description;
    if (cursor.u16() != 4) return std::nullopt;  // binlog version
    const std::string_view version = cursor.bytes(50);
    description.server_version = version.substr(0, version.find('\0'));
    cursor.skip(4);
    if (cursor.u8() != kEventHeaderBytes) return std::nullopt;
    if (!cursor.ok()) return std::nullopt;
    // One byte for the checksum algorithm and four for its value end the event of every server that has checksums.
    const std::string_view rest = cursor.rest();
    if (rest.size() < 5 + 15) return std::nullopt;
    description.post_header_lengths = rest.substr(0, rest.size() - 5);
    description.has_checksums = rest[rest.size() - 5] == 1;
    return description;
}

std::optional<Rotate> parse_rotate(std::string_view body) {
    ByteCursor cursor(body);
    Rotate rotate;
    rotate.position = cursor.u64();
    rotate.file = cursor.rest();
    if (!cursor.ok() || rotate.file.empty()) return std::nullopt;
    return rotate;
}

std::optional<Query> parse_query(std::string_view body, bool compressed, std::string& unpacked) {
    ByteCursor cursor(body);
    Query query;
    query.thread_id = cursor.u32();
    cursor.skip(4);  // execution time
    const uint8_t database_length = cursor.u8();
    query.error_code = cursor.u16();
    const uint16_t status_length = cursor.u16();
    const ByteCursor status(cursor.bytes(status_length));
    query.database = cursor.bytes(database_length);
    cursor.skip(1);
    if (!cursor.ok()) return std::nullopt;
    read_status_variables(status, query);
    query.statement = cursor.rest();
    if (compressed) {
        if (!unpack_mariadb(cursor.rest(), unpacked)) return std::nullopt;
        query.statement = unpacked;
    }
    return query;
}

std::string Gtid::text() const {
    return uuid + (tag.empty() ? "" : ":" + tag) + ":" + std::to_string(number);
}

std::optional<Gtid> parse_gtid(std::string_view body) {
    ByteCursor cursor(body);
    Gtid gtid;
    cursor.skip(1);  // flags
    gtid.uuid = uuid_text(cursor.bytes(16));
    gtid.number = cursor.i64();
    if (!cursor.ok()) return std::nullopt;
    // From MySQL 8.0.1: logical timestamps, then the commit's time here and, if it differs, where it was first run.
    constexpr uint64_t kDiffers = uint64_t{1} << 55;
    cursor.skip(17);
    uint64_t committed = cursor.little(7);
    if ((committed & kDiffers) != 0) committed = cursor.little(7);
    if (cursor.ok()) gtid.committed_us = static_cast<int64_t>(committed);
    return gtid;
}

std::optional<Gtid> parse_gtid_tagged(std::string_view body) {
    // mysql::serialization: version, size, last field that may not be ignored, then (field id, value) in order:
    // 0 flags, 1 UUID (16 bytes, each a varlen), 2 number, 3 tag (a string), 4 and 5 logical timestamps, 6 the commit's
    // time here, 7 where it was first run, if it differs.
    ByteCursor cursor(body);
    read_varlen(cursor);
    read_varlen(cursor);
    read_varlen(cursor);
    Gtid gtid;
    while (!cursor.empty() && cursor.ok()) {
        const uint64_t field = read_varlen(cursor);
        if (field == 0) {
            read_varlen(cursor);
        } else if (field == 1) {
            std::string bytes;
            for (int i = 0; i < 16; ++i) bytes += static_cast<char>(read_varlen(cursor));
            gtid.uuid = uuid_text(bytes);
        } else if (field == 2) {
            gtid.number = read_varlen_signed(cursor);
        } else if (field == 3) {
            gtid.tag = cursor.bytes(static_cast<size_t>(read_varlen(cursor)));
        } else if (field == 4 || field == 5) {
            read_varlen_signed(cursor);
        } else if (field == 6 || field == 7) {
            gtid.committed_us = static_cast<int64_t>(read_varlen(cursor));
        } else {
            break;
        }
    }
    if (!cursor.ok() || gtid.uuid.size() != 36 || gtid.number < 1) return std::nullopt;
    return gtid;
}

std::optional<MariaDbGtid> parse_mariadb_gtid(std::string_view body) {
    ByteCursor cursor(body);
    MariaDbGtid gtid;
    gtid.sequence = cursor.u64();
    gtid.domain = cursor.u32();
    gtid.flags = cursor.u8();
    if (!cursor.ok()) return std::nullopt;
    return gtid;
}

std::optional<TableMap> parse_table_map(std::string_view body, size_t table_id_bytes) {
    constexpr uint64_t kColumnsMax = 4096;
    ByteCursor cursor(body);
    TableMap map;
    map.table_id = cursor.little(table_id_bytes);
    cursor.skip(2);  // flags
    map.database = cursor.bytes(cursor.u8());
    cursor.skip(1);
    map.table = cursor.bytes(cursor.u8());
    cursor.skip(1);
    const uint64_t count = cursor.length_encoded();
    if (!cursor.ok() || count > kColumnsMax) return std::nullopt;
    const std::string_view types = cursor.bytes(static_cast<size_t>(count));
    ByteCursor metadata(cursor.length_encoded_bytes());
    cursor.skip(static_cast<size_t>(count + 7) / 8);  // nullability
    if (!cursor.ok()) return std::nullopt;
    map.columns.reserve(types.size());
    for (const char type : types)
        map.columns.push_back(read_column(static_cast<WireType>(static_cast<unsigned char>(type)), metadata));
    if (!metadata.ok()) return std::nullopt;
    map.optional_metadata = cursor.rest();
    return map;
}

ColumnMetadata read_column_metadata(const TableMap& map) {
    constexpr uint8_t kSignedness = 1, kColumnNames = 4, kSetLiterals = 5, kEnumLiterals = 6;
    ColumnMetadata metadata;
    Literals enums, sets;
    ByteCursor cursor(map.optional_metadata);
    while (!cursor.empty() && cursor.ok()) {
        const uint8_t field = cursor.u8();
        ByteCursor value(cursor.length_encoded_bytes());
        if (field == kColumnNames)
            while (!value.empty() && value.ok()) metadata.names.push_back(value.length_encoded_bytes());
        else if (field == kSignedness)
            metadata.are_unsigned = read_signedness(value.rest(), map);
        else if (field == kSetLiterals)
            sets = read_literals(value);
        else if (field == kEnumLiterals)
            enums = read_literals(value);
    }
    metadata.literals = joined(map, std::move(enums), std::move(sets));
    return metadata;
}

bool ends_in_versioning_columns(const TableMap& map, size_t known) {
    if (map.columns.size() != known + 2) return false;
    const auto type = map.columns.back().type;
    return type == map.columns[known].type && (type == WireType::Timestamp2 || type == WireType::LongLong);
}

bool is_rows(EventType type) {
    return (type >= EventType::WriteRowsV1 && type <= EventType::DeleteRowsV1) ||
           (type >= EventType::WriteRows && type <= EventType::DeleteRows) || type == EventType::PartialUpdateRows ||
           (type >= EventType::WriteRowsCompressedV1 && type <= EventType::DeleteRowsCompressed);
}

std::optional<Rows> parse_rows(EventType type, std::string_view body, std::string& unpacked) {
    ByteCursor cursor(body);
    Rows rows;
    bool version2 = false;
    bool compressed = false;
    switch (type) {
        case EventType::WriteRowsV1:
            rows.kind = Rows::Kind::Write;
            break;
        case EventType::UpdateRowsV1:
            rows.kind = Rows::Kind::Update;
            break;
        case EventType::DeleteRowsV1:
            rows.kind = Rows::Kind::Delete;
            break;
        case EventType::WriteRows:
            rows.kind = Rows::Kind::Write;
            version2 = true;
            break;
        case EventType::UpdateRows:
            rows.kind = Rows::Kind::Update;
            version2 = true;
            break;
        case EventType::PartialUpdateRows:
            rows.kind = Rows::Kind::Update;
            rows.is_partial = version2 = true;
            break;
        case EventType::DeleteRows:
            rows.kind = Rows::Kind::Delete;
            version2 = true;
            break;
        case EventType::WriteRowsCompressedV1:
            rows.kind = Rows::Kind::Write;
            compressed = true;
            break;
        case EventType::UpdateRowsCompressedV1:
            rows.kind = Rows::Kind::Update;
            compressed = true;
            break;
        case EventType::DeleteRowsCompressedV1:
            rows.kind = Rows::Kind::Delete;
            compressed = true;
            break;
        case EventType::WriteRowsCompressed:
            rows.kind = Rows::Kind::Write;
            version2 = compressed = true;
            break;
        case EventType::UpdateRowsCompressed:
            rows.kind = Rows::Kind::Update;
            version2 = compressed = true;
            break;
        case EventType::DeleteRowsCompressed:
            rows.kind = Rows::Kind::Delete;
            version2 = compressed = true;
            break;
        default:
            return std::nullopt;
    }
    rows.table_id = cursor.u48();
    rows.ends_statement = (cursor.u16() & 1) != 0;
    if (version2) {
        const uint16_t extra = cursor.u16();
        if (extra < 2) return std::nullopt;
        cursor.skip(extra - size_t{2});
    }
    const uint64_t count = cursor.length_encoded();
    if (!cursor.ok() || count > 4096) return std::nullopt;
    rows.column_count = static_cast<uint32_t>(count);
    rows.columns_before = cursor.bytes(static_cast<size_t>(count + 7) / 8);
    rows.columns_after =
        rows.kind == Rows::Kind::Update ? cursor.bytes(static_cast<size_t>(count + 7) / 8) : rows.columns_before;
    if (!cursor.ok()) return std::nullopt;
    rows.images = cursor.rest();
    if (compressed) {
        if (!unpack_mariadb(cursor.rest(), unpacked)) return std::nullopt;
        rows.images = unpacked;
    }
    return rows;
}

std::optional<XaPrepare> parse_xa_prepare(std::string_view body) {
    ByteCursor cursor(body);
    XaPrepare prepare;
    prepare.one_phase = cursor.u8() != 0;
    const int32_t format_id = cursor.i32();
    const uint32_t gtrid_length = cursor.u32();
    const uint32_t bqual_length = cursor.u32();
    if (gtrid_length > 64 || bqual_length > 64) return std::nullopt;
    const std::string_view gtrid = cursor.bytes(gtrid_length);
    const std::string_view bqual = cursor.bytes(bqual_length);
    if (!cursor.ok()) return std::nullopt;
    prepare.xid = format("X'{}',X'{}',{}", hex(gtrid), hex(bqual), format_id);
    return prepare;
}

std::optional<TransactionPayload> parse_transaction_payload(std::string_view body) {
    // Fields (type, length, value), all length-encoded: 0 ends them, 1 the payload's size, 2 the compression
    // (0 zstd, 255 none), 3 the size before compression.
    ByteCursor cursor(body);
    TransactionPayload payload;
    uint64_t size = 0;
    for (;;) {
        const uint64_t field = cursor.length_encoded();
        if (!cursor.ok()) return std::nullopt;
        if (field == 0) break;
        ByteCursor value(cursor.length_encoded_bytes());
        if (field == 1)
            size = value.length_encoded();
        else if (field == 2)
            payload.is_zstd = value.length_encoded() == 0;
        else if (field == 3)
            payload.uncompressed_size = value.length_encoded();
    }
    payload.payload = cursor.rest();
    if (size < payload.payload.size()) payload.payload = payload.payload.substr(0, static_cast<size_t>(size));
    if (payload.payload.size() != size) return std::nullopt;
    return payload;
}

}  // namespace millrace::binlog
