#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/byte_cursor.h"

namespace millrace::binlog {

/// One column's value between the wire and the JSON: what both decoders, that of binlog rows and that of a
/// snapshot's text rows, give, and what ColumnPlan writes. Views live as long as the packet and the scratch
/// buffer behind them.
struct ColumnValue {
    enum class Kind : uint8_t {
        Null,
        Int,        ///< integer; also YEAR, and ENUM's index or SET's bits from the binlog.
        UInt,       ///< integer holds the bits of an unsigned value.
        Float,      ///< number
        Double,     ///< number
        Bytes,      ///< bytes, in the column's character set (binlog) or in UTF-8 (snapshot).
        Decimal,    ///< bytes: plain decimal text.
        Date,       ///< year, month, day
        Time,       ///< integer: µs, may be negative or beyond a day.
        DateTime,   ///< all civil fields
        Timestamp,  ///< integer: µs since the epoch.
    };
    Kind kind = Kind::Null;
    bool from_snapshot = false;
    uint8_t fraction_digits = 0;  ///< Of temporal values: as declared (binlog).
    uint8_t month = 0, day = 0, hour = 0, minute = 0, second = 0;
    int32_t year = 0;
    uint32_t micros = 0;
    int64_t integer = 0;
    double number = 0;
    std::string_view bytes;
};

/// Column types as table map events name them (binary_log::enum_field_types; 140 and 141 are MariaDB's).
enum class WireType : uint8_t {
    Decimal = 0,
    Tiny = 1,
    Short = 2,
    Long = 3,
    Float = 4,
    Double = 5,
    Null = 6,
    Timestamp = 7,
    LongLong = 8,
    Int24 = 9,
    Date = 10,
    Time = 11,
    DateTime = 12,
    Year = 13,
    NewDate = 14,
    Varchar = 15,
    Bit = 16,
    Timestamp2 = 17,
    DateTime2 = 18,
    Time2 = 19,
    TypedArray = 20,
    BlobCompressed = 140,
    VarcharCompressed = 141,
    Vector = 242,
    Json = 245,
    NewDecimal = 246,
    Enum = 247,
    Set = 248,
    TinyBlob = 249,
    MediumBlob = 250,
    LongBlob = 251,
    Blob = 252,
    VarString = 253,
    String = 254,
    Geometry = 255,
};

/// A column of a table map event: its type (ENUM and SET resolved out of STRING) and metadata.
struct WireColumn {
    WireType type = WireType::Null;
    uint16_t meta = 0;
};

/// Reads one value of a row image. `scratch` holds bytes that are not in the packet as they are needed. False if
/// the type is not known; a short packet shows in the cursor.
bool read_wire_value(const WireColumn& column, bool is_unsigned, ByteCursor& cursor, std::string& scratch,
                     ColumnValue& value);

/// Appends a packed decimal (decimal_t's binary form) as text. False if the digits are damaged.
bool append_packed_decimal(std::string& out, ByteCursor& cursor, int precision, int scale);

/// Inflates MariaDB's compressed columns (the header byte, the length, then a raw zlib stream). False if damaged.
bool inflate_column(std::string_view packed, std::string& out);

}  // namespace millrace::binlog
