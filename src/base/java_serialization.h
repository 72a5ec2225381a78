#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The few values that java.io.ObjectOutputStream writes into Debezium's offsets: an Object[] that holds a key. Follows
/// the Java Object Serialization Specification, chapter 6.
namespace millrace::java_serialization {

struct Value {
    enum class Kind {
        Null,
        Integer,
        Long,
        Short,
        Boolean,
        Float,
        Double,
        String,      ///< text
        Bytes,       ///< text: the bytes themselves
        BigDecimal,  ///< text: "-12.50"
        BigInteger,  ///< text
        Date,        ///< java.sql.Date and java.util.Date; integer: ms since 1970
        Time,        ///< java.sql.Time; integer: ms since 1970
        Timestamp,   ///< java.sql.Timestamp; integer: ms since 1970, nanos: within the second
    };
    Kind kind = Kind::Null;
    int64_t integer = 0;
    int32_t nanos = 0;
    double number = 0;
    std::string text;

    bool operator==(const Value&) const = default;
};

/// The array's bytes; an array that is null for nothing.
std::string encode(const std::optional<std::vector<Value>>& array);

/// Nothing if the bytes are not such an array, or hold an object of another class. The inner optional is nothing for a
/// null in place of the array.
std::optional<std::optional<std::vector<Value>>> decode(std::string_view bytes);

}  // namespace millrace::java_serialization
