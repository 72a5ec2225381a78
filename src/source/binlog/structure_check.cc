#include "source/binlog/structure_check.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "source/binlog/charset.h"
#include "source/binlog/column_plan.h"

namespace millrace::binlog {
namespace {

using relational::Column;

/// Types that values are read and printed alike from.
enum class Kind {
    Other,
    Tiny,
    Short,
    Int24,
    Long,
    LongLong,
    Real,
    Decimal,
    Bit,
    Year,
    Date,
    Time,
    DateTime,
    Timestamp,
    Text,
    Enum,
    Set,
    Json,
    Geometry,
    Vector,
};

struct WireKind {
    WireType type;
    Kind kind;
    const char* text;
};
constexpr WireKind kWireKinds[] = {
    {WireType::Tiny, Kind::Tiny, "TINYINT"},
    {WireType::Short, Kind::Short, "SMALLINT"},
    {WireType::Int24, Kind::Int24, "MEDIUMINT"},
    {WireType::Long, Kind::Long, "INT"},
    {WireType::LongLong, Kind::LongLong, "BIGINT"},
    {WireType::Float, Kind::Real, "FLOAT"},
    {WireType::Double, Kind::Real, "DOUBLE"},
    {WireType::Decimal, Kind::Decimal, "DECIMAL"},
    {WireType::NewDecimal, Kind::Decimal, "DECIMAL"},
    {WireType::Bit, Kind::Bit, "BIT"},
    {WireType::Year, Kind::Year, "YEAR"},
    {WireType::Date, Kind::Date, "DATE"},
    {WireType::NewDate, Kind::Date, "DATE"},
    {WireType::Time, Kind::Time, "TIME"},
    {WireType::Time2, Kind::Time, "TIME"},
    {WireType::DateTime, Kind::DateTime, "DATETIME"},
    {WireType::DateTime2, Kind::DateTime, "DATETIME"},
    {WireType::Timestamp, Kind::Timestamp, "TIMESTAMP"},
    {WireType::Timestamp2, Kind::Timestamp, "TIMESTAMP"},
    {WireType::Enum, Kind::Enum, "ENUM"},
    {WireType::Set, Kind::Set, "SET"},
    {WireType::Json, Kind::Json, "JSON"},
    {WireType::Geometry, Kind::Geometry, "GEOMETRY"},
    {WireType::Vector, Kind::Vector, "VECTOR"},
    {WireType::Varchar, Kind::Text, "VARCHAR"},
    {WireType::VarString, Kind::Text, "VARCHAR"},
    {WireType::VarcharCompressed, Kind::Text, "VARCHAR"},
    {WireType::String, Kind::Text, "CHAR"},
    {WireType::TinyBlob, Kind::Text, "TEXT"},
    {WireType::MediumBlob, Kind::Text, "TEXT"},
    {WireType::LongBlob, Kind::Text, "TEXT"},
    {WireType::Blob, Kind::Text, "TEXT"},
    {WireType::BlobCompressed, Kind::Text, "TEXT"},
};

const WireKind* wire_kind(WireType type) {
    const auto* const found = std::find_if(std::begin(kWireKinds), std::end(kWireKinds),
                                           [&](const auto& entry) { return entry.type == type; });
    return found == std::end(kWireKinds) ? nullptr : found;
}

Kind kind_of(WireType type) {
    const WireKind* known = wire_kind(type);
    return known == nullptr ? Kind::Other : known->kind;
}

int bits_of(const WireColumn& column) {
    return (column.meta >> 8) * 8 + (column.meta & 0xff);
}

/// By the first word of a declared type.
Kind kind_of(std::string_view type_name) {
    static constexpr std::pair<std::string_view, Kind> kKinds[] = {
        {"TINYINT", Kind::Tiny},      {"INT1", Kind::Tiny},         {"BOOL", Kind::Tiny},
        {"BOOLEAN", Kind::Tiny},      {"SMALLINT", Kind::Short},    {"INT2", Kind::Short},
        {"MEDIUMINT", Kind::Int24},   {"INT3", Kind::Int24},        {"MIDDLEINT", Kind::Int24},
        {"INT", Kind::Long},          {"INTEGER", Kind::Long},      {"INT4", Kind::Long},
        {"BIGINT", Kind::LongLong},   {"INT8", Kind::LongLong},     {"SERIAL", Kind::LongLong},
        {"FLOAT", Kind::Real},        {"FLOAT4", Kind::Real},       {"FLOAT8", Kind::Real},
        {"DOUBLE", Kind::Real},       {"REAL", Kind::Real},         {"DECIMAL", Kind::Decimal},
        {"NUMERIC", Kind::Decimal},   {"DEC", Kind::Decimal},       {"FIXED", Kind::Decimal},
        {"BIT", Kind::Bit},           {"YEAR", Kind::Year},         {"DATE", Kind::Date},
        {"TIME", Kind::Time},         {"DATETIME", Kind::DateTime}, {"TIMESTAMP", Kind::Timestamp},
        {"CHAR", Kind::Text},         {"VARCHAR", Kind::Text},      {"CHARACTER", Kind::Text},
        {"VARCHARACTER", Kind::Text}, {"NCHAR", Kind::Text},        {"NVARCHAR", Kind::Text},
        {"NATIONAL", Kind::Text},     {"BINARY", Kind::Text},       {"VARBINARY", Kind::Text},
        {"TINYTEXT", Kind::Text},     {"TEXT", Kind::Text},         {"MEDIUMTEXT", Kind::Text},
        {"LONGTEXT", Kind::Text},     {"LONG", Kind::Text},         {"TINYBLOB", Kind::Text},
        {"BLOB", Kind::Text},         {"MEDIUMBLOB", Kind::Text},   {"LONGBLOB", Kind::Text},
        {"UUID", Kind::Text},         {"INET4", Kind::Text},        {"INET6", Kind::Text},
        {"ENUM", Kind::Enum},         {"SET", Kind::Set},           {"JSON", Kind::Json},
        {"POINT", Kind::Geometry},    {"GEOMETRY", Kind::Geometry}, {"LINESTRING", Kind::Geometry},
        {"POLYGON", Kind::Geometry},  {"VECTOR", Kind::Vector},
    };
    const std::string_view word = type_name.substr(0, type_name.find(' '));
    const auto* const found =
        std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& entry) { return entry.first == word; });
    return found == std::end(kKinds) ? Kind::Other : found->second;
}

std::string type_text(const WireColumn& column) {
    const WireKind* known = wire_kind(column.type);
    if (known == nullptr) return format("type {}", static_cast<int>(column.type));
    switch (column.type) {
        case WireType::NewDecimal:
            return format("{}({},{})", known->text, column.meta >> 8, column.meta & 0xff);
        case WireType::Bit:
            return format("{}({})", known->text, bits_of(column));
        case WireType::Time2:
        case WireType::DateTime2:
        case WireType::Timestamp2:
            return format("{}({})", known->text, column.meta);
        default:
            return known->text;
    }
}

bool is_unsigned(const Column& column) {
    return column.type_name.find("UNSIGNED") != std::string::npos ||
           column.type_name.find("ZEROFILL") != std::string::npos || column.type_name == "SERIAL";
}

bool has_sign(Kind kind) {
    return kind == Kind::Tiny || kind == Kind::Short || kind == Kind::Int24 || kind == Kind::Long ||
           kind == Kind::LongLong;
}

/// `wire_is_unsigned`: nothing if the log does not tell.
bool fits(const Column& column, const WireColumn& wire, std::optional<bool> wire_is_unsigned) {
    const Kind declared = kind_of(column.type_name);
    const Kind kind = kind_of(wire.type);
    if (declared == Kind::Other || kind == Kind::Other) return true;
    // MariaDB holds JSON as text and vectors as bytes.
    if ((declared == Kind::Json || declared == Kind::Vector) && kind == Kind::Text) return true;
    if (declared != kind) return false;
    if (wire_is_unsigned && has_sign(kind) && *wire_is_unsigned != is_unsigned(column)) return false;
    switch (wire.type) {
        case WireType::NewDecimal:
            return wire.meta == (column.length.value_or(10) << 8 | column.scale.value_or(0));
        case WireType::Bit:
            return bits_of(wire) == column.length.value_or(1);
        case WireType::Time2:
        case WireType::DateTime2:
        case WireType::Timestamp2:
            return wire.meta == column.length.value_or(0);
        default:
            return true;
    }
}

bool same_literals(const relational::Table& table, const Column& column,
                   const std::vector<std::string_view>& literals) {
    const auto decoder = CharsetDecoder::make(column.charset.value_or(table.default_charset.value_or("utf8mb4")));
    return std::equal(column.enum_values.begin(), column.enum_values.end(), literals.begin(), literals.end(),
                      [&](const auto& written, const auto& value) {
                          std::string text;
                          if (decoder != nullptr) decoder->append_utf8(text, value);
                          const std::string declared = unquote_literal(written);
                          return declared == text || declared == value;
                      });
}

std::string shown_type(const Column& column) {
    if (!column.length) return column.type_name;
    return column.scale ? format("{}({},{})", column.type_name, *column.length, *column.scale)
                        : format("{}({})", column.type_name, *column.length);
}

}  // namespace

std::string columns_text(const relational::Table& table) {
    std::vector<std::string> parts;
    for (const auto& column : table.columns) parts.push_back(column.name + ' ' + shown_type(column));
    return '(' + join(parts, ", ") + ')';
}

std::string columns_text(const TableMap& map) {
    const auto names = read_column_metadata(map).names;
    std::vector<std::string> parts;
    for (size_t i = 0; i < map.columns.size(); ++i) {
        const std::string name = i < names.size() ? std::string(names[i]) + ' ' : std::string();
        parts.push_back(name + type_text(map.columns[i]));
    }
    return '(' + join(parts, ", ") + ')';
}

std::optional<std::string> difference(const relational::Table& table, const TableMap& map) {
    const size_t known = table.columns.size();
    if (map.columns.size() != known && !ends_in_versioning_columns(map, known))
        return format("the log has {} columns, the schema {}", map.columns.size(), known);
    const ColumnMetadata metadata = read_column_metadata(map);
    size_t literals = 0;
    for (size_t i = 0; i < known; ++i) {
        const auto& column = table.columns[i];
        const auto& wire = map.columns[i];
        if (i < metadata.names.size() && metadata.names[i] != column.name)
            return format("column {} is called {} in the log and {} in the schema", i + 1, metadata.names[i],
                          column.name);
        const auto unsigned_in_log =
            metadata.are_unsigned.empty() ? std::nullopt : std::optional(bool(metadata.are_unsigned[i]));
        if (!fits(column, wire, unsigned_in_log))
            return format("column {} is {}{} in the log and {} in the schema", column.name, type_text(wire),
                          unsigned_in_log.value_or(false) ? " UNSIGNED" : "", shown_type(column));
        if (wire.type != WireType::Enum && wire.type != WireType::Set) continue;
        if (literals < metadata.literals.size() && !same_literals(table, column, metadata.literals[literals]))
            return format("the values of column {} are not the same in the log and in the schema", column.name);
        ++literals;
    }
    return std::nullopt;
}

/// Why the server's structure of now may not be that of the place.
std::optional<std::string> StructureCheck::doubt(const relational::Table& now, const TableMap& map,
                                                 const Place& place) const {
    if (const auto differs = difference(now, map)) return *differs;
    if (!read_column_metadata(map).names.empty()) return std::nullopt;
    const auto later = server_.ddl_behind(place.offset, now.id);
    if (later) return format("it was altered since ({}), and the log does not name its columns", later->substr(0, 200));
    return std::nullopt;
}

std::optional<relational::Table> StructureCheck::settle(const relational::TableId& id, const TableMap& map,
                                                        const Place& place) {
    const auto found = schema_.catalog().tables.find(id);
    const relational::Table* known = found == schema_.catalog().tables.end() ? nullptr : &found->second;
    const auto differs = known != nullptr ? difference(*known, map) : std::optional<std::string>("it does not know it");
    if (!differs) return std::nullopt;
    std::string cause = "schema.repair is off";
    if (options_.repairs) {
        Connection connection(options_.connection);
        const auto now = server_.read(connection, id);
        if (now && known != nullptr && now->columns == known->columns && now->columns.size() == map.columns.size())
            return std::nullopt;  // the server says the same: the schema is right, and the difference one of words
        const auto unsettled = now ? doubt(*now, map, place) : std::optional<std::string>("the server has none");
        if (!unsettled) {
            log::warn(
                options_.logger,
                format("The schema history {} is wrong about table {} at {} ({}): it has {}, the log {}. The "
                       "structure is taken from the server: {}",
                       schema_.options().history_topic, id.dotted(), place.text, *differs,
                       known != nullptr ? columns_text(*known) : "nothing", columns_text(map), columns_text(*now)));
            return now;
        }
        cause = format("the server's structure of now is not certain to be that of this place: {}", *unsettled);
    }
    throw FatalError(
        format("The rows of table {} at {} do not fit the schema history {} ({}): it has {}, the log {}; and {}. A "
               "change of its structure was not seen. Take a new snapshot, or leave the table out with "
               "table.exclude.list; binlog_row_metadata=FULL on the server lets such changes be told from the log",
               id.dotted(), place.text, schema_.options().history_topic, *differs,
               known != nullptr ? columns_text(*known) : "nothing", columns_text(map), cause));
}

}  // namespace millrace::binlog
