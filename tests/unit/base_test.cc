#include <gtest/gtest.h>

#include <cmath>

#include "base/base64.h"
#include "base/calendar.h"
#include "base/compression.h"
#include "base/decimal.h"
#include "base/json_text.h"
#include "base/text.h"
#include "base/varint.h"

namespace millrace {
namespace {

std::string json_string(std::string_view text) {
    std::string out;
    json_text::append_string(out, text);
    return out;
}
std::string json_double(double value) {
    std::string out;
    json_text::append_double(out, value);
    return out;
}
std::string json_float(float value) {
    std::string out;
    json_text::append_float(out, value);
    return out;
}
std::string twos(std::string_view digits) {
    std::string out;
    decimal::append_twos_complement(out, digits);
    return hex(out);
}

TEST(JsonText, EscapesAsJacksonDoes) {
    EXPECT_EQ(json_string("a\"b\\c/d"), R"("a\"b\\c/d")");
    EXPECT_EQ(json_string("\b\t\n\f\r"), R"("\b\t\n\f\r")");
    EXPECT_EQ(json_string(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001F\x7f\"");
    EXPECT_EQ(json_string("ü漢"), "\"ü漢\"");
    EXPECT_EQ(json_string("😀"), R"("\uD83D\uDE00")");
}

TEST(JsonText, ReplacesBytesThatAreNotUtf8) {
    EXPECT_EQ(json_string("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
    EXPECT_EQ(json_string("\xE6\xBC"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");      // cut short
    EXPECT_EQ(json_string("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");      // overlong
    EXPECT_EQ(json_string("\xED\xA0\x80").find('\xED'), std::string::npos);  // a lone surrogate
}

TEST(JsonText, NumbersAreJavas) {
    EXPECT_EQ(json_double(0), "0.0");
    EXPECT_EQ(json_double(-0.0), "-0.0");
    EXPECT_EQ(json_double(1e7), "1.0E7");
    EXPECT_EQ(json_double(9999999), "9999999.0");
    EXPECT_EQ(json_double(0.001), "0.001");
    EXPECT_EQ(json_double(0.0001), "1.0E-4");
    EXPECT_EQ(json_double(123456789.123456789), "1.2345678912345679E8");
    EXPECT_EQ(json_double(1.7976931348623157e308), "1.7976931348623157E308");
    EXPECT_EQ(json_double(std::nan("")), "\"NaN\"");
    EXPECT_EQ(json_double(-INFINITY), "\"-Infinity\"");
    EXPECT_EQ(json_float(16777200.0f), "1.67772E7");
    EXPECT_EQ(json_float(0.1f), "0.1");
    EXPECT_EQ(json_float(3.4e38f), "3.4E38");
}

TEST(Base64, RoundTripsEveryLength) {
    for (size_t length = 0; length < 50; ++length) {
        std::string bytes;
        for (size_t i = 0; i < length; ++i) bytes += static_cast<char>(i * 37 + length);
        std::string text;
        base64::append(text, bytes);
        EXPECT_EQ(base64::decode(text), bytes);
    }
    EXPECT_FALSE(base64::decode("abc"));
    EXPECT_FALSE(base64::decode("ab!="));
}

TEST(Decimal, TwosComplementIsBigIntegers) {
    EXPECT_EQ(twos("0"), "00");
    EXPECT_EQ(twos("127"), "7f");
    EXPECT_EQ(twos("128"), "0080");
    EXPECT_EQ(twos("-128"), "80");
    EXPECT_EQ(twos("-129"), "ff7f");
    EXPECT_EQ(twos("18446744073709551615"), "00ffffffffffffffff");
    EXPECT_EQ(twos("-9223372036854775808"), "8000000000000000");
    EXPECT_EQ(twos("-9223372036854775809"), "ff7fffffffffffffff");
    EXPECT_EQ(twos("000000000000000000000000001"), "01");
}

TEST(Decimal, BytesBecomeTextAgain) {
    for (const char* digits :
         {"0", "1", "-1", "255", "-256", "99999999999999999999999999999999999", "-123456789012345678901234567890"}) {
        std::string bytes;
        decimal::append_twos_complement(bytes, digits);
        EXPECT_EQ(decimal::text_of(bytes, 0), digits);
    }
    EXPECT_EQ(decimal::text_of("\x9c", 2), "-1.00");
    EXPECT_EQ(decimal::text_of("\x05", 3), "0.005");
}

TEST(Decimal, UnscaledRoundsHalfUp) {
    EXPECT_EQ(decimal::unscaled("12.5", 2), "1250");
    EXPECT_EQ(decimal::unscaled("-0.005", 2), "-1");
    EXPECT_EQ(decimal::unscaled("9.995", 2), "1000");
    EXPECT_EQ(decimal::unscaled("1e3", 1), "10000");
    EXPECT_FALSE(decimal::unscaled("1.2.3", 1));
    EXPECT_FALSE(decimal::unscaled("", 1));
}

TEST(Decimal, ExactExpandsDoubles) {
    EXPECT_EQ(decimal::exact(1e16), "10000000000000000");
    EXPECT_EQ(decimal::exact(1e-7), "0.0000000999999999999999954748111825886258685613938723690807819366455078125");
}

TEST(Calendar, DaysAndCivilDatesAreInverse) {
    EXPECT_EQ(days_from_civil(1970, 1, 1), 0);
    EXPECT_EQ(days_from_civil(9999, 12, 31), 2932896);
    EXPECT_EQ(days_from_civil(1000, 1, 1), -354285);
    for (int64_t days = -800000; days < 3000000; days += 997) {
        const CivilDate date = civil_from_days(days);
        EXPECT_EQ(days_from_civil(date.year, date.month, date.day), days);
    }
}

TEST(Varint, RoundTripsNeighboursOfPowersOfTwo) {
    for (int shift = 0; shift < 63; ++shift) {
        for (const int64_t delta : {-1, 0, 1}) {
            const int64_t value = (int64_t{1} << shift) + delta;
            std::string out;
            varint::append(out, static_cast<uint64_t>(value));
            varint::append_signed(out, -value);
            ByteCursor cursor(out);
            EXPECT_EQ(varint::read(cursor), static_cast<uint64_t>(value));
            EXPECT_EQ(varint::read_signed(cursor), -value);
            EXPECT_TRUE(cursor.ok() && cursor.empty());
        }
    }
}

TEST(Text, JavaHashCountsUtf16) {
    EXPECT_EQ(java_hash(""), 0);
    EXPECT_EQ(java_hash("hello"), 99162322);
    EXPECT_EQ(java_hash("ü"), 252);
    EXPECT_EQ(java_hash("😀"), 1772899);
}

TEST(Compression, RefusesDamagedAndOversizedFrames) {
    std::string packed;
    const std::string text(100000, 'x');
    compression::zstd_append(packed, text, 1);
    EXPECT_EQ(compression::zstd_decompress(packed, 200000), text);
    EXPECT_FALSE(compression::zstd_decompress(packed, 1000));
    EXPECT_FALSE(compression::zstd_decompress(std::string_view(packed).substr(0, packed.size() / 2), 200000));
    EXPECT_FALSE(compression::zstd_decompress("no frame", 1000));
}

}  // namespace
}  // namespace millrace
