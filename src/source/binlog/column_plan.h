#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "record/schema.h"
#include "relational/table.h"
#include "source/binlog/charset.h"
#include "source/binlog/column_treatment.h"
#include "source/binlog/column_value.h"
#include "source/binlog/value_modes.h"
#include "source/engine/column_shaper.h"

namespace millrace::binlog {

/// What the values of a column look like in an event.
enum class Form : uint8_t {
    Integer,
    UnsignedLong,
    UnsignedDecimal,
    Boolean,
    Bits,
    Float,
    Double,
    Decimal,
    DecimalText,
    DecimalDouble,
    Text,
    Binary,
    Json,
    Enum,
    Set,
    Year,
    Date,
    DateTimeMillis,
    DateTimeMicros,
    DateTimeNanos,
    TimeMicros,
    TimeMillis,
    TimeNanos,
    ZonedTimestamp,
    IsoDate,
    IsoTime,
    IsoDateTime,
    Geometry,
    Point,
    FloatVector,
    Uuid,
    Inet4,
    Inet6,
};

/// How one column's values become JSON, worked out once per table schema version. Running it neither looks up
/// names nor allocates. Not thread-safe: character set decoders have state.
class ColumnPlan {
  public:
    /// Throws FatalError, naming the column, if its type is not known. `table` gives the default character set.
    ColumnPlan(const relational::Table& table, const relational::Column& column, const ValueModes& modes,
               ColumnTreatment treatment);

    const std::string& name_json() const { return name_json_; }  ///< The field's name with quotes and colon.
    const std::string& field() const { return treatment_.field; }
    const record::SchemaPtr& schema() const { return schema_; }
    /// Keys are neither masked nor cut, and carry no parameters that say so.
    const record::SchemaPtr& key_schema() const { return key_schema_; }
    int scale() const { return form_ == Form::Decimal ? scale_ : 0; }
    bool is_unsigned() const { return is_unsigned_; }
    Form form() const { return form_; }

    /// Appends the value. A null becomes the column's default, as the JSON converter's replace.null.with.default
    /// has it, unless that is off. Throws FatalError if the value does not fit the column.
    void append(std::string& out, const ColumnValue& value);
    /// Neither masked nor cut, and with decimals as the key's converter has them.
    void append_key(std::string& out, const ColumnValue& value);
    /// Does append_key() give anything else?
    bool has_key_form() const {
        return shaper_.is_shaped() || (decimals_.in_keys != decimals_.in_values && form_ == Form::Decimal);
    }
    /// decimal.format=NUMERIC of the two converters.
    struct DecimalsAsNumbers {
        bool in_values = false, in_keys = false;
    };
    void set_decimals(DecimalsAsNumbers decimals) {
        decimals_ = decimals;
        writes_numbers_ = decimals.in_values;
    }

    /// The value of a text protocol row (a snapshot's). `text` is nullptr for NULL.
    ColumnValue from_text(const char* text, size_t length) const;

    /// That the column has a value from the log, for a SELECT in a session made by prepare_for_reading().
    std::string condition(const ColumnValue& value);

    /// What stands for a value that is not in the log; empty: nothing can.
    const std::string& unavailable_json() const { return unavailable_json_; }

    void keep_nulls() { null_json_ = "null"; }

  private:
    void choose_form(const relational::Column& column, const ValueModes& modes, record::Schema& schema);
    void choose_time_form(const relational::Column& column, const ValueModes& modes, record::Schema& schema);
    void set_default(const relational::Column& column, record::Schema& schema);
    void treat_schema(const relational::Column& column, record::Schema& schema);
    void append_unshaped(std::string& out, const ColumnValue& value);
    void set_unavailable(const std::string& placeholder);
    void append_plain(std::string& out, const ColumnValue& value);
    void append_or_fallback(std::string& out, const ColumnValue& value);
    void append_converted(std::string& out, const ColumnValue& value);
    void append_text_conversion(std::string& out, const ColumnValue& value);
    double number_of(const ColumnValue& value) const;
    void append_null(std::string& out) const { out += null_json_; }
    void append_bytes(std::string& out, std::string_view bytes) const;
    void append_text_value(std::string& out, const ColumnValue& value);
    std::string literal(const ColumnValue& value);
    std::string bytes_literal(const ColumnValue& value);
    void append_bits(std::string& out, const ColumnValue& value) const;
    void append_decimal(std::string& out, std::string_view digits) const;
    void append_enum(std::string& out, const ColumnValue& value);
    void append_set(std::string& out, const ColumnValue& value);
    void append_date_time(std::string& out, ColumnValue value) const;
    void append_time(std::string& out, int64_t micros) const;
    void append_timestamp(std::string& out, const ColumnValue& value) const;
    void append_geometry(std::string& out, std::string_view bytes) const;
    void append_vector(std::string& out, std::string_view bytes) const;
    void append_address(std::string& out, const ColumnValue& value) const;

    std::string table_name_;
    std::string name_;
    std::string name_json_;
    std::string null_json_ = "null";
    record::SchemaPtr schema_, key_schema_;
    ColumnTreatment treatment_;
    engine::ColumnShaper shaper_;
    DecimalsAsNumbers decimals_;
    bool writes_numbers_ = false;  // of what is being written
    std::string unavailable_json_;
    Form form_ = Form::Text;
    bool optional_ = true;
    bool is_unsigned_ = false;
    bool held_as_float_ = false;  // FLOAT(M,D): a double to Debezium, a float on the server
    bool adjust_years_ = true;
    BinaryMode binary_ = BinaryMode::Bytes;
    int scale_ = 0;
    size_t size_ = 0;           // of BINARY: bytes to pad to; of BIT: bytes
    int fraction_digits_ = -1;  // declared; -1: none
    std::vector<std::string> literals_;
    std::unique_ptr<CharsetDecoder> charset_;
    std::string scratch_;
};

/// The literal without quotes: '' and backslash escapes resolved.
std::string unquote_literal(std::string_view quoted);

}  // namespace millrace::binlog
