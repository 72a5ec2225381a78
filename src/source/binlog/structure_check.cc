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

Kind kind_of(WireType type) {
    switch (type) {
        case WireType::Tiny:
            return Kind::Tiny;
        case WireType::Short:
            return Kind::Short;
        case WireType::Int24:
            return Kind::Int24;
        case WireType::Long:
            return Kind::Long;
        case WireType::LongLong:
            return Kind::LongLong;
        case WireType::Float:
        case WireType::Double:
            return Kind::Real;
        case WireType::Decimal:
        case WireType::NewDecimal:
            return Kind::Decimal;
        case WireType::Bit:
            return Kind::Bit;
        case WireType::Year:
            return Kind::Year;
        case WireType::Date:
        case WireType::NewDate:
            return Kind::Date;
        case WireType::Time:
        case WireType::Time2:
            return Kind::Time;
        case WireType::DateTime:
        case WireType::DateTime2:
            return Kind::DateTime;
        case WireType::Timestamp:
        case WireType::Timestamp2:
            return Kind::Timestamp;
        case WireType::Enum:
            return Kind::Enum;
        case WireType::Set:
            return Kind::Set;
        case WireType::Json:
            return Kind::Json;
        case WireType::Geometry:
            return Kind::Geometry;
        case WireType::Vector:
            return Kind::Vector;
        case WireType::Varchar:
        case WireType::VarString:
        case WireType::String:
        case WireType::VarcharCompressed:
        case WireType::TinyBlob:
        case WireType::MediumBlob:
        case WireType::LongBlob:
        case WireType::Blob:
        case WireType::BlobCompressed:
            return Kind::Text;
        default:
            return Kind::Other;
    }
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
    switch (kind_of(column.type)) {
        case Kind::Tiny:
            return "TINYINT";
        case Kind::Short:
            return "SMALLINT";
        case Kind::Int24:
            return "MEDIUMINT";
        case Kind::Long:
            return "INT";
        case Kind::LongLong:
            return "BIGINT";
        case Kind::Real:
            return column.type == WireType::Float ? "FLOAT" : "DOUBLE";
        case Kind::Decimal:
            return format("DECIMAL({},{})", column.meta >> 8, column.meta & 0xff);
        case Kind::Bit:
            return format("BIT({})", (column.meta >> 8) * 8 + (column.meta & 0xff));
        case Kind::Year:
            return "YEAR";
        case Kind::Date:
            return "DATE";
        case Kind::Time:
            return format("TIME({})", column.meta);
        case Kind::DateTime:
            return format("DATETIME({})", column.meta);
        case Kind::Timestamp:
            return format("TIMESTAMP({})", column.meta);
        case Kind::Enum:
            return "ENUM";
        case Kind::Set:
            return "SET";
        case Kind::Json:
            return "JSON";
        case Kind::Geometry:
            return "GEOMETRY";
        case Kind::Vector:
            return "VECTOR";
        case Kind::Text:
            return "CHAR, TEXT or BLOB";
        case Kind::Other:
            break;
    }
    return format("type {}", static_cast<int>(column.type));
}

bool is_unsigned(const Column& column) {
    return column.type_name.find("UNSIGNED") != std::string::npos ||
           column.type_name.find("ZEROFILL") != std::string::npos || column.type_name == "SERIAL";
}

bool has_sign(Kind kind) {
    return kind == Kind::Tiny || kind == Kind::Short || kind == Kind::Int24 || kind == Kind::Long ||
           kind == Kind::LongLong;
}

bool fits(const Column& column, const WireColumn& wire, bool has_signedness) {
    const Kind declared = kind_of(column.type_name);
    const Kind kind = kind_of(wire.type);
    if (declared == Kind::Other || kind == Kind::Other) return true;
    // MariaDB holds JSON as text and vectors as bytes.
    if ((declared == Kind::Json || declared == Kind::Vector) && kind == Kind::Text) return true;
    if (declared != kind) return false;
    if (has_signedness && has_sign(kind) && wire.is_unsigned != is_unsigned(column)) return false;
    switch (wire.type) {
        case WireType::NewDecimal:
            return wire.meta == (column.length.value_or(10) << 8 | column.scale.value_or(0));
        case WireType::Bit:
            return (wire.meta >> 8) * 8 + (wire.meta & 0xff) == column.length.value_or(1);
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
    std::vector<std::string> parts;
    for (size_t i = 0; i < map.columns.size(); ++i) {
        const std::string name = i < map.column_names.size() ? std::string(map.column_names[i]) + ' ' : std::string();
        parts.push_back(name + type_text(map.columns[i]));
    }
    return '(' + join(parts, ", ") + ')';
}

std::optional<std::string> difference(const relational::Table& table, const TableMap& map) {
    const size_t known = table.columns.size();
    if (map.columns.size() != known && !ends_in_versioning_columns(map, known))
        return format("the log has {} columns, the schema {}", map.columns.size(), known);
    size_t literals = 0;
    for (size_t i = 0; i < known; ++i) {
        const auto& column = table.columns[i];
        const auto& wire = map.columns[i];
        if (i < map.column_names.size() && map.column_names[i] != column.name)
            return format("column {} is called {} in the log and {} in the schema", i + 1, map.column_names[i],
                          column.name);
        if (!fits(column, wire, map.has_signedness))
            return format("column {} is {}{} in the log and {} in the schema", column.name, type_text(wire),
                          wire.is_unsigned ? " UNSIGNED" : "", shown_type(column));
        if (wire.type != WireType::Enum && wire.type != WireType::Set) continue;
        if (literals < map.literals.size() && !same_literals(table, column, map.literals[literals]))
            return format("the values of column {} are not the same in the log and in the schema", column.name);
        ++literals;
    }
    return std::nullopt;
}

/// Why the server's structure of now may not be that of the place.
std::optional<std::string> StructureCheck::doubt(const relational::Table& now, const TableMap& map,
                                                 const Place& place) const {
    if (const auto differs = difference(now, map)) return *differs;
    if (!map.column_names.empty()) return std::nullopt;
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
