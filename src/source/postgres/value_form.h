#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "record/schema.h"
#include "source/postgres/pg_type.h"
#include "source/postgres/value_modes.h"

namespace millrace::postgres {

/// What a type's values look like in an event, and how their text becomes that.
struct ValueForm {
    enum class Kind : uint8_t {
        Boolean,
        Integer,
        Float,
        Double,
        Decimal,          ///< Bytes at a fixed scale.
        VariableDecimal,  ///< {scale, value}
        DecimalDouble,
        DecimalText,
        Money,
        MoneyDouble,
        MoneyText,
        Text,
        Bytes,
        TextAsBytes,   ///< A type that is not known (include.unknown.datatypes).
        ShapeAsBytes,  ///< The same of box, circle, line, lseg, path, polygon: their numbers as Java prints them.
        BitBoolean,
        Bits,
        Date,
        Time,
        Timestamp,
        ZonedTime,
        ZonedTimestamp,
        Interval,
        IntervalText,
        Point,
        Geometry,
        HstoreJson,
        HstoreMap,
        Vector,
        SparseVector,
        Array
    };
    /// Of Date, Time and Timestamp.
    enum class TimeUnit : uint8_t { Days, Millis, Micros, Nanos, IsoText };

    Kind kind = Kind::Text;
    TimeUnit unit = TimeUnit::Micros;
    BinaryMode binary = BinaryMode::Bytes;
    bool as_number = false;  ///< Of decimals: decimal.format=NUMERIC.
    int scale = 0;           ///< Of decimals and money.
    int digits = -1;         ///< Of a ZonedTimestamp's fraction; -1: as many as needed.
    record::Schema schema;
    std::shared_ptr<const ValueForm> element;  ///< Of an Array.
    std::string zero_json;  ///< What stands in a NOT NULL column for a value that is not known; empty: nothing can.
};

/// The form of a column of this type; nothing: values of the type are left out.
std::optional<ValueForm> form_of(PgTypes& types, uint32_t type, int32_t modifier, const ValueModes& modes);

/// The same form with decimals as numbers or as bytes; of arrays too.
ValueForm with_decimals(ValueForm form, bool as_numbers);

/// What a value's text cannot be: the form's JSON.
struct UnreadableValue {
    std::string text;
};

/// Appends a value's JSON. `text` is the server's text output with the session's settings; `is_snapshot` tells where
/// it comes from, which Debezium shows in money. Throws UnreadableValue.
void append_value(std::string& out, const ValueForm& form, std::string_view text, bool is_snapshot);

/// Appends bytes as binary.handling.mode has them.
void append_bytes(std::string& out, BinaryMode mode, std::string_view bytes);

}  // namespace millrace::postgres
