#include "source/binlog/column_value.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/compression.h"

namespace millrace::binlog {
namespace {

using Kind = ColumnValue::Kind;

/// Fraction bytes of a temporal type, scaled to µs.
uint32_t read_fraction(ByteCursor& cursor, unsigned digits) {
    static constexpr std::array<uint32_t, 4> kScale = {0, 10000, 100, 1};
    const unsigned size = (digits + 1) / 2;
    if (size == 0 || size > 3) return 0;
    return static_cast<uint32_t>(cursor.big(size)) * kScale[size];
}

/// Fractions have at most six digits; whatever says otherwise is damaged.
bool has_valid_fraction(ByteCursor& cursor, unsigned digits) {
    if (digits <= 6) return true;
    cursor.fail();
    return false;
}

void read_datetime2(ByteCursor& cursor, unsigned digits, ColumnValue& value) {
    if (!has_valid_fraction(cursor, digits)) return;
    const auto packed = static_cast<int64_t>(cursor.big(5)) - 0x8000000000LL;
    const int64_t year_month = packed >> 22;
    value.kind = Kind::DateTime;
    value.fraction_digits = static_cast<uint8_t>(digits);
    value.year = static_cast<int32_t>(year_month / 13);
    value.month = static_cast<uint8_t>(year_month % 13);
    value.day = static_cast<uint8_t>(packed >> 17 & 31);
    value.hour = static_cast<uint8_t>(packed >> 12 & 31);
    value.minute = static_cast<uint8_t>(packed >> 6 & 63);
    value.second = static_cast<uint8_t>(packed & 63);
    value.micros = read_fraction(cursor, digits);
}

/// The sign belongs to the whole number, fraction bytes included.
void read_time2(ByteCursor& cursor, unsigned digits, ColumnValue& value) {
    if (!has_valid_fraction(cursor, digits)) return;
    const unsigned fraction_bytes = (digits + 1) / 2;
    const unsigned bits = 8 * fraction_bytes;
    int64_t packed = static_cast<int64_t>(cursor.big(3 + fraction_bytes)) - (int64_t{0x800000} << bits);
    const bool negative = packed < 0;
    if (negative) packed = -packed;
    const int64_t clock = packed >> bits;
    static constexpr std::array<int64_t, 4> kScale = {0, 10000, 100, 1};
    const int64_t fraction = (packed & ((int64_t{1} << bits) - 1)) * kScale[fraction_bytes & 3];
    const int64_t seconds = (clock >> 12 & 1023) * 3600 + (clock >> 6 & 63) * 60 + (clock & 63);
    value.kind = Kind::Time;
    value.fraction_digits = static_cast<uint8_t>(digits);
    value.integer = seconds * 1'000'000 + fraction;
    if (negative) value.integer = -value.integer;
}

/// Types of MySQL before 5.6, which MariaDB still writes for old tables.
void read_old_datetime(ByteCursor& cursor, ColumnValue& value) {
    const uint64_t packed = cursor.u64();
    const uint64_t date = packed / 1'000'000;
    const uint64_t clock = packed % 1'000'000;
    value.kind = Kind::DateTime;
    value.year = static_cast<int32_t>(date / 10000);
    value.month = static_cast<uint8_t>(date / 100 % 100);
    value.day = static_cast<uint8_t>(date % 100);
    value.hour = static_cast<uint8_t>(clock / 10000);
    value.minute = static_cast<uint8_t>(clock / 100 % 100);
    value.second = static_cast<uint8_t>(clock % 100);
}

void set_int(ColumnValue& value, bool is_unsigned, int64_t as_signed, uint64_t as_unsigned) {
    value.kind = is_unsigned ? Kind::UInt : Kind::Int;
    value.integer = is_unsigned ? static_cast<int64_t>(as_unsigned) : as_signed;
}

void set_bytes(ColumnValue& value, std::string_view bytes) {
    value.kind = Kind::Bytes;
    value.bytes = bytes;
}

bool read_compressed(ByteCursor& cursor, size_t length_bytes, std::string& scratch, ColumnValue& value) {
    const std::string_view packed = cursor.bytes(static_cast<size_t>(cursor.little(length_bytes)));
    scratch.clear();
    if (!inflate_column(packed, scratch)) {
        cursor.fail();
        return true;
    }
    set_bytes(value, scratch);
    return true;
}

}  // namespace

bool inflate_column(std::string_view packed, std::string& out) {
    if (packed.empty()) return true;
    const auto header = static_cast<unsigned char>(packed[0]);
    const unsigned method = header >> 4;
    if (method == 0) {  // kept as it was
        out = packed.substr(1);
        return true;
    }
    const unsigned length_bytes = header & 7;
    if (method != 8 || packed.size() < 1 + length_bytes) return false;
    size_t size = 0;
    for (unsigned i = 0; i < length_bytes; ++i) size = size << 8 | static_cast<unsigned char>(packed[1 + i]);
    if (!compression::is_plausible_size(size, packed.size())) return false;
    // Bit 3 of the header: a raw deflate stream without zlib's own frame.
    return compression::inflate_into(out, packed.substr(1 + length_bytes), size, (header & 8) != 0);
}

bool append_packed_decimal(std::string& out, ByteCursor& cursor, int precision, int scale) {
    // decimal2bin of the server: groups of nine digits take four bytes, the rest as many as it needs. All bits of
    // a negative number are turned over, the topmost bit of the first byte is turned over in any case.
    static constexpr std::array<size_t, 10> kBytes = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
    const int whole = precision - scale;
    if (precision < 1 || precision > 65 || scale < 0 || scale > 30 || whole < 0) return false;
    const int whole_rest = whole % 9;
    const int fraction_rest = scale % 9;
    const auto size = static_cast<size_t>(whole / 9) * 4 + kBytes[static_cast<size_t>(whole_rest)] +
                      static_cast<size_t>(scale / 9) * 4 + kBytes[static_cast<size_t>(fraction_rest)];
    const std::string_view packed = cursor.bytes(size);
    if (!cursor.ok() || packed.empty()) return false;
    char bytes[40];
    std::memcpy(bytes, packed.data(), size);
    const bool negative = (bytes[0] & 0x80) == 0;
    bytes[0] = static_cast<char>(bytes[0] ^ 0x80);
    if (negative)
        for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(~bytes[i]);

    char digits[80];
    int count = 0;
    size_t at = 0;
    const auto group = [&](int width) {
        uint32_t number = 0;
        for (size_t i = 0; i < kBytes[static_cast<size_t>(width)]; ++i)
            number = number << 8 | static_cast<unsigned char>(bytes[at++]);
        for (int i = width - 1; i >= 0; --i) {
            digits[count + i] = static_cast<char>('0' + number % 10);
            number /= 10;
        }
        count += width;
    };
    if (whole_rest != 0) group(whole_rest);
    for (int i = 0; i < whole / 9; ++i) group(9);
    int first = 0;
    while (first < whole - 1 && digits[first] == '0') ++first;
    if (negative) out += '-';
    if (whole == 0)
        out += '0';
    else
        out.append(digits + first, static_cast<size_t>(count - first));
    if (scale == 0) return true;
    out += '.';
    count = 0;
    for (int i = 0; i < scale / 9; ++i) group(9);
    if (fraction_rest != 0) group(fraction_rest);
    out.append(digits, static_cast<size_t>(count));
    return true;
}

bool read_wire_value(const WireColumn& column, bool is_unsigned, ByteCursor& cursor, std::string& scratch,
                     ColumnValue& value) {
    const unsigned meta = column.meta;
    switch (column.type) {
        case WireType::Tiny: {
            const uint8_t raw = cursor.u8();
            set_int(value, is_unsigned, static_cast<int8_t>(raw), raw);
            return true;
        }
        case WireType::Short: {
            const uint16_t raw = cursor.u16();
            set_int(value, is_unsigned, static_cast<int16_t>(raw), raw);
            return true;
        }
        case WireType::Int24: {
            const uint32_t raw = cursor.u24();
            set_int(value, is_unsigned, static_cast<int32_t>(raw << 8) >> 8, raw);
            return true;
        }
        case WireType::Long: {
            const uint32_t raw = cursor.u32();
            set_int(value, is_unsigned, static_cast<int32_t>(raw), raw);
            return true;
        }
        case WireType::LongLong: {
            const uint64_t raw = cursor.u64();
            set_int(value, is_unsigned, static_cast<int64_t>(raw), raw);
            return true;
        }
        case WireType::Float:
            value.kind = Kind::Float;
            value.number = static_cast<double>(cursor.f32());
            return true;
        case WireType::Double:
            value.kind = Kind::Double;
            value.number = cursor.f64();
            return true;
        case WireType::NewDecimal:
            scratch.clear();
            if (!append_packed_decimal(scratch, cursor, static_cast<int>(meta >> 8), static_cast<int>(meta & 255)))
                cursor.fail();
            value.kind = Kind::Decimal;
            value.bytes = scratch;
            return true;
        case WireType::Year:
            value.kind = Kind::Int;
            value.integer = cursor.u8() + 1900;
            return true;
        case WireType::Date:
        case WireType::NewDate: {
            const uint32_t packed = cursor.u24();
            value.kind = Kind::Date;
            value.year = static_cast<int32_t>(packed >> 9);
            value.month = static_cast<uint8_t>(packed >> 5 & 15);
            value.day = static_cast<uint8_t>(packed & 31);
            return true;
        }
        case WireType::Time: {
            const int32_t packed = cursor.i24();
            const int32_t clock = std::abs(packed);
            const int64_t seconds = clock / 10000 * 3600 + clock / 100 % 100 * 60 + clock % 100;
            value.kind = Kind::Time;
            value.integer = (packed < 0 ? -seconds : seconds) * 1'000'000;
            return true;
        }
        case WireType::DateTime:
            read_old_datetime(cursor, value);
            return true;
        case WireType::Timestamp:
            value.kind = Kind::Timestamp;
            value.integer = static_cast<int64_t>(cursor.u32()) * 1'000'000;
            return true;
        case WireType::Timestamp2: {
            if (!has_valid_fraction(cursor, meta)) return true;
            const auto seconds = static_cast<int64_t>(cursor.big(4));
            value.kind = Kind::Timestamp;
            value.fraction_digits = static_cast<uint8_t>(meta);
            value.integer = seconds * 1'000'000 + read_fraction(cursor, meta);
            return true;
        }
        case WireType::DateTime2:
            read_datetime2(cursor, meta, value);
            return true;
        case WireType::Time2:
            read_time2(cursor, meta, value);
            return true;
        case WireType::Varchar:
        case WireType::VarString:
            set_bytes(value, cursor.bytes(static_cast<size_t>(cursor.little(meta > 255 ? 2 : 1))));
            return true;
        case WireType::String: {
            const unsigned length = (((meta >> 8) & 0x30) ^ 0x30) << 4 | (meta & 255);
            set_bytes(value, cursor.bytes(static_cast<size_t>(cursor.little(length > 255 ? 2 : 1))));
            return true;
        }
        case WireType::Enum:
        case WireType::Set:
            value.kind = Kind::Int;
            value.integer = static_cast<int64_t>(cursor.little((meta & 255) <= 8 ? meta & 255 : 8));
            return true;
        case WireType::Bit: {
            const unsigned bits = (meta >> 8) * 8 + (meta & 255);
            value.kind = Kind::UInt;
            value.integer = static_cast<int64_t>(cursor.big((bits + 7) / 8 <= 8 ? (bits + 7) / 8 : 8));
            return true;
        }
        case WireType::TinyBlob:
        case WireType::MediumBlob:
        case WireType::LongBlob:
        case WireType::Blob:
        case WireType::Geometry:
        case WireType::Vector:
        case WireType::Json:
            set_bytes(value, cursor.bytes(static_cast<size_t>(cursor.little(meta <= 4 ? meta : 4))));
            return true;
        case WireType::BlobCompressed:
            return read_compressed(cursor, meta <= 4 ? meta : 4, scratch, value);
        case WireType::VarcharCompressed:
            return read_compressed(cursor, meta > 255 ? 2 : 1, scratch, value);
        default:
            return false;
    }
}

}  // namespace millrace::binlog
