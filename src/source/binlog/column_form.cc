#include <utility>

#include "base/errors.h"
#include "base/text.h"
#include "source/binlog/column_plan.h"

/// The form and the schema of a column, from its type and the connector's value modes.
namespace millrace::binlog {
namespace {

using record::Type;

bool starts_with_word(std::string_view type, std::string_view word) {
    return type.starts_with(word) && (type.size() == word.size() || type[word.size()] == ' ');
}
template <typename... Words>
bool is_one_of(std::string_view type, Words... words) {
    return (starts_with_word(type, words) || ...);
}

void name_schema(record::Schema& schema, Type type, std::string name = {}) {
    schema.type = type;
    schema.name = std::move(name);
    if (!schema.name.empty()) schema.version = 1;
}

void name_decimal(record::Schema& schema, int precision, int scale) {
    name_schema(schema, Type::Bytes, "org.apache.kafka.connect.data.Decimal");
    schema.parameters = {{"scale", std::to_string(scale)}, {"connect.decimal.precision", std::to_string(precision)}};
}

void name_geometry(record::Schema& schema, bool point) {
    name_schema(schema, Type::Struct, point ? "io.debezium.data.geometry.Point" : "io.debezium.data.geometry.Geometry");
    schema.doc = point ? "Geometry (POINT)" : "Geometry";
    schema.optional = true;  // also of NOT NULL columns, as Debezium builds them
    if (point) {
        schema.fields.push_back({"x", record::plain(Type::Float64)});
        schema.fields.push_back({"y", record::plain(Type::Float64)});
    }
    schema.fields.push_back({"wkb", record::plain(Type::Bytes, point)});
    schema.fields.push_back({"srid", record::plain(Type::Int32, true)});
}

std::string allowed_parameter(const std::vector<std::string>& literals) {
    std::string out;
    for (const auto& literal : literals) {
        if (&literal != &literals.front()) out += ',';
        for (const char c : literal) {
            if (c == ',') out += '\\';
            out += c;
        }
    }
    return out;
}

}  // namespace

void ColumnPlan::choose_form(const relational::Column& column, const ValueModes& modes, record::Schema& schema) {
    const std::string& type = column.type_name;
    const auto integer = [&](Type as) {
        form_ = Form::Integer;
        name_schema(schema, as);
    };
    if (is_one_of(type, "TINYINT", "INT1", "BOOL", "BOOLEAN")) {
        integer(Type::Int16);
    } else if (is_one_of(type, "SMALLINT", "INT2")) {
        integer(is_unsigned_ ? Type::Int32 : Type::Int16);
    } else if (is_one_of(type, "MEDIUMINT", "INT3", "MIDDLEINT")) {
        integer(Type::Int32);
    } else if (is_one_of(type, "INT", "INTEGER", "INT4")) {
        integer(is_unsigned_ ? Type::Int64 : Type::Int32);
    } else if (is_one_of(type, "BIGINT", "INT8", "SERIAL")) {
        integer(Type::Int64);
        if (is_unsigned_) form_ = Form::UnsignedLong;
        if (is_unsigned_ && modes.unsigned_bigint_precise) {
            form_ = Form::UnsignedDecimal;
            name_decimal(schema, 20, 0);
        }
    } else if (is_one_of(type, "BIT")) {
        const int bits = column.length.value_or(1);
        size_ = static_cast<size_t>(bits + 7) / 8;
        if (bits <= 1) {
            form_ = Form::Boolean;
            name_schema(schema, Type::Boolean);
        } else {
            form_ = Form::Bits;
            name_schema(schema, Type::Bytes, "io.debezium.data.Bits");
            schema.parameters = {{"length", std::to_string(bits)}};
        }
    } else if (is_one_of(type, "DECIMAL", "NUMERIC", "DEC", "FIXED")) {
        if (modes.decimal == DecimalMode::Precise) {
            form_ = Form::Decimal;
            name_decimal(schema, column.length.value_or(10), scale_);
        } else {
            form_ = modes.decimal == DecimalMode::Double ? Form::DecimalDouble : Form::DecimalText;
            name_schema(schema, modes.decimal == DecimalMode::Double ? Type::Float64 : Type::String);
        }
    } else if (is_one_of(type, "FLOAT", "FLOAT4")) {
        // FLOAT(M,D) and FLOAT(p) with p > 24 are doubles to Debezium.
        const bool wide = column.scale.has_value() || column.length.value_or(0) > 24;
        form_ = wide ? Form::Double : Form::Float;
        held_as_float_ = column.scale.has_value();
        name_schema(schema, wide ? Type::Float64 : Type::Float32);
    } else if (is_one_of(type, "DOUBLE", "REAL", "FLOAT8")) {
        form_ = Form::Double;
        name_schema(schema, Type::Float64);
    } else if (is_one_of(type, "JSON")) {
        form_ = Form::Json;
        name_schema(schema, Type::String, "io.debezium.data.Json");
        if (column.jdbc_type == relational::jdbc::kVarchar) {  // MariaDB's alias of LONGTEXT
            form_ = Form::Text;
            name_schema(schema, Type::String);
        }
    } else if (is_one_of(type, "ENUM", "SET")) {
        const bool is_enum = type == "ENUM";
        form_ = is_enum ? Form::Enum : Form::Set;
        name_schema(schema, Type::String, is_enum ? "io.debezium.data.Enum" : "io.debezium.data.EnumSet");
        schema.parameters = {{"allowed", allowed_parameter(literals_)}};
    } else if (is_one_of(type, "YEAR", "DATE", "TIME", "DATETIME", "TIMESTAMP")) {
        choose_time_form(column, modes, schema);
    } else if (is_one_of(type, "POINT")) {
        form_ = Form::Point;
        name_geometry(schema, true);
    } else if (is_one_of(type, "GEOMETRY", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON",
                         "GEOMCOLLECTION", "GEOMETRYCOLLECTION")) {
        form_ = Form::Geometry;
        name_geometry(schema, false);
    } else if (is_one_of(type, "VECTOR")) {
        form_ = Form::FloatVector;
        name_schema(schema, Type::Array, "io.debezium.data.FloatVector");
        schema.items = record::plain(Type::Float32);
    } else if (is_one_of(type, "UUID")) {
        form_ = Form::Uuid;
        name_schema(schema, Type::String, "io.debezium.data.Uuid");
    } else if (is_one_of(type, "INET4", "INET6")) {
        form_ = type == "INET4" ? Form::Inet4 : Form::Inet6;
        name_schema(schema, Type::String);
    } else if (is_one_of(type, "BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "LONG VARBINARY",
                         "CHAR BYTE")) {
        form_ = Form::Binary;
        if (is_one_of(type, "BINARY", "CHAR BYTE")) size_ = static_cast<size_t>(column.length.value_or(1));
    } else if (is_one_of(type, "CHAR", "VARCHAR", "CHARACTER", "NCHAR", "NVARCHAR", "NATIONAL", "TINYTEXT", "TEXT",
                         "MEDIUMTEXT", "LONGTEXT", "LONG", "VARCHARACTER")) {
        form_ = Form::Text;
        name_schema(schema, Type::String);
    } else {
        throw FatalError(
            format("Column {} of table {} has the type {}, which Millrace does not know; leave it out with "
                   "column.exclude.list={}.{}",
                   column.name, table_name_, type, table_name_, column.name));
    }
}

void ColumnPlan::choose_time_form(const relational::Column& column, const ValueModes& modes, record::Schema& schema) {
    const std::string& type = column.type_name;
    const int digits = column.length.value_or(-1);
    if (type == "YEAR") {
        form_ = Form::Year;
        name_schema(schema, Type::Int32, "io.debezium.time.Year");
    } else if (type == "DATE") {
        const bool iso = modes.time == TimeMode::IsoString;
        form_ = iso ? Form::IsoDate : Form::Date;
        name_schema(schema, iso ? Type::String : Type::Int32,
                    iso                               ? "io.debezium.time.IsoDate"
                    : modes.time == TimeMode::Connect ? "org.apache.kafka.connect.data.Date"
                                                      : "io.debezium.time.Date");
    } else if (type == "TIME") {
        switch (modes.time) {
            case TimeMode::Adaptive:  // refused by the property table
            case TimeMode::AdaptiveMicroseconds:
            case TimeMode::Microseconds:
                form_ = Form::TimeMicros;
                name_schema(schema, Type::Int64, "io.debezium.time.MicroTime");
                break;
            case TimeMode::Nanoseconds:
                form_ = Form::TimeNanos;
                name_schema(schema, Type::Int64, "io.debezium.time.NanoTime");
                break;
            case TimeMode::Connect:
                form_ = Form::TimeMillis;
                name_schema(schema, Type::Int32, "org.apache.kafka.connect.data.Time");
                break;
            case TimeMode::IsoString:
                form_ = Form::IsoTime;
                name_schema(schema, Type::String, "io.debezium.time.IsoTime");
                break;
        }
    } else if (type == "DATETIME") {
        switch (modes.time) {
            case TimeMode::Adaptive:  // refused by the property table
            case TimeMode::AdaptiveMicroseconds:
                form_ = digits <= 3 ? Form::DateTimeMillis : Form::DateTimeMicros;
                name_schema(schema, Type::Int64,
                            digits <= 3 ? "io.debezium.time.Timestamp" : "io.debezium.time.MicroTimestamp");
                break;
            case TimeMode::Connect:
                form_ = Form::DateTimeMillis;
                name_schema(schema, Type::Int64, "org.apache.kafka.connect.data.Timestamp");
                break;
            case TimeMode::Microseconds:
                form_ = Form::DateTimeMicros;
                name_schema(schema, Type::Int64, "io.debezium.time.MicroTimestamp");
                break;
            case TimeMode::Nanoseconds:
                form_ = Form::DateTimeNanos;
                name_schema(schema, Type::Int64, "io.debezium.time.NanoTimestamp");
                break;
            case TimeMode::IsoString:
                form_ = Form::IsoDateTime;
                name_schema(schema, Type::String, "io.debezium.time.IsoTimestamp");
                break;
        }
    } else {
        form_ = Form::ZonedTimestamp;
        fraction_digits_ = digits;
        name_schema(schema, Type::String, "io.debezium.time.ZonedTimestamp");
    }
}

}  // namespace millrace::binlog
