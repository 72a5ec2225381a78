#include "source/postgres/value_form.h"

#include <utility>

#include "base/text.h"

/// From types to forms and schemas.
namespace millrace::postgres {
namespace {

using Kind = ValueForm::Kind;
using Unit = ValueForm::TimeUnit;
using record::Type;

ValueForm make(Kind kind, Type type, std::string zero, std::string name = {}) {
    ValueForm form;
    form.kind = kind;
    form.schema.type = type;
    form.schema.name = std::move(name);
    if (!form.schema.name.empty()) form.schema.version = 1;
    form.zero_json = std::move(zero);
    return form;
}

ValueForm text(std::string name = {}) {
    return make(Kind::Text, Type::String, "\"\"", std::move(name));
}

ValueForm bytes(Kind kind, const ValueModes& modes) {
    ValueForm form = make(kind, modes.binary == BinaryMode::Bytes ? Type::Bytes : Type::String, "\"\"");
    form.binary = modes.binary;
    return form;
}

ValueForm numeric(int32_t modifier, const ValueModes& modes) {
    const TypeSize size = size_of(oid::kNumeric, modifier);
    if (modes.decimal == DecimalMode::Double) return make(Kind::DecimalDouble, Type::Float64, "0.0");
    if (modes.decimal == DecimalMode::String) return make(Kind::DecimalText, Type::String, "\"0\"");
    if (modifier == -1) {
        ValueForm form = make(Kind::VariableDecimal, Type::Struct, "{\"scale\":0,\"value\":\"AA==\"}",
                              "io.debezium.data.VariableScaleDecimal");
        form.schema.doc = "Variable scaled decimal";
        form.schema.fields = {{"scale", record::plain(Type::Int32)}, {"value", record::plain(Type::Bytes)}};
        return form;
    }
    ValueForm form = make(Kind::Decimal, Type::Bytes, "\"AA==\"", "org.apache.kafka.connect.data.Decimal");
    form.scale = size.scale;
    form.schema.parameters = {{"scale", std::to_string(size.scale)},
                              {"connect.decimal.precision", std::to_string(size.length)}};
    return form;
}

ValueForm money(const ValueModes& modes) {
    if (modes.decimal == DecimalMode::Double) return make(Kind::MoneyDouble, Type::Float64, "0.0");
    if (modes.decimal == DecimalMode::String) return make(Kind::MoneyText, Type::String, "\"0.00\"");
    ValueForm form = make(Kind::Money, Type::Bytes, "\"AA==\"", "org.apache.kafka.connect.data.Decimal");
    form.scale = modes.money_digits;
    form.schema.parameters = {{"scale", std::to_string(form.scale)}};
    return form;
}

ValueForm date(const ValueModes& modes) {
    if (modes.time == TimeMode::IsoString) {
        ValueForm form = make(Kind::Date, Type::String, "\"1970-01-01Z\"", "io.debezium.time.IsoDate");
        form.unit = Unit::IsoText;
        return form;
    }
    ValueForm form =
        make(Kind::Date, Type::Int32, "0",
             modes.time == TimeMode::Connect ? "org.apache.kafka.connect.data.Date" : "io.debezium.time.Date");
    form.unit = Unit::Days;
    return form;
}

ValueForm unit_form(Kind kind, Unit unit, Type type, const char* name, const char* zero = "0") {
    ValueForm form = make(kind, type, zero, name);
    form.unit = unit;
    return form;
}

ValueForm time(int digits, const ValueModes& modes) {
    const bool is_short = digits <= 3;
    switch (modes.time) {
        case TimeMode::Adaptive:
            return is_short ? unit_form(Kind::Time, Unit::Millis, Type::Int32, "io.debezium.time.Time")
                            : unit_form(Kind::Time, Unit::Micros, Type::Int64, "io.debezium.time.MicroTime");
        case TimeMode::Connect:
            return unit_form(Kind::Time, Unit::Millis, Type::Int32, "org.apache.kafka.connect.data.Time");
        case TimeMode::IsoString:
            return unit_form(Kind::Time, Unit::IsoText, Type::String, "io.debezium.time.IsoTime", "\"00:00:00Z\"");
        case TimeMode::Nanoseconds:
            return unit_form(Kind::Time, Unit::Nanos, Type::Int64, "io.debezium.time.NanoTime");
        case TimeMode::AdaptiveMicroseconds:
        case TimeMode::Microseconds:
            break;
    }
    return unit_form(Kind::Time, Unit::Micros, Type::Int64, "io.debezium.time.MicroTime");
}

ValueForm timestamp(int digits, const ValueModes& modes) {
    switch (modes.time) {
        case TimeMode::Adaptive:
        case TimeMode::AdaptiveMicroseconds:
            return digits <= 3
                       ? unit_form(Kind::Timestamp, Unit::Millis, Type::Int64, "io.debezium.time.Timestamp")
                       : unit_form(Kind::Timestamp, Unit::Micros, Type::Int64, "io.debezium.time.MicroTimestamp");
        case TimeMode::Connect:
            return unit_form(Kind::Timestamp, Unit::Millis, Type::Int64, "org.apache.kafka.connect.data.Timestamp");
        case TimeMode::IsoString:
            return unit_form(Kind::Timestamp, Unit::IsoText, Type::String, "io.debezium.time.IsoTimestamp",
                             "\"1970-01-01T00:00:00Z\"");
        case TimeMode::Nanoseconds:
            return unit_form(Kind::Timestamp, Unit::Nanos, Type::Int64, "io.debezium.time.NanoTimestamp");
        case TimeMode::Microseconds:
            break;
    }
    return unit_form(Kind::Timestamp, Unit::Micros, Type::Int64, "io.debezium.time.MicroTimestamp");
}

ValueForm zoned_timestamp(int digits) {
    ValueForm form =
        make(Kind::ZonedTimestamp, Type::String, "\"1970-01-01T00:00:00Z\"", "io.debezium.time.ZonedTimestamp");
    form.digits = digits == 0 ? -1 : digits;
    return form;
}

ValueForm interval(const ValueModes& modes) {
    return modes.interval == IntervalMode::String
               ? make(Kind::IntervalText, Type::String, "\"P0Y0M0DT0H0M0S\"", "io.debezium.time.Interval")
               : make(Kind::Interval, Type::Int64, "0", "io.debezium.time.MicroDuration");
}

ValueForm bits(int length) {
    if (length <= 1) return make(Kind::BitBoolean, Type::Boolean, "false");
    ValueForm form = make(Kind::Bits, Type::Bytes, "\"\"", "io.debezium.data.Bits");
    form.schema.parameters = {{"length", std::to_string(length)}};
    return form;
}

ValueForm geometry(Kind kind, const char* name, const char* doc) {
    ValueForm form = make(kind, Type::Struct, "", std::string("io.debezium.data.geometry.") + name);
    form.schema.doc = doc;
    if (kind == Kind::Point) {
        form.schema.fields = {{"x", record::plain(Type::Float64)}, {"y", record::plain(Type::Float64)}};
        form.zero_json = R"({"x":0.0,"y":0.0,"wkb":"AQEAAAAAAAAAAAAAAAAAAAAAAAAA","srid":null})";
    }
    form.schema.fields.push_back({"wkb", record::plain(Type::Bytes, kind == Kind::Point)});
    form.schema.fields.push_back({"srid", record::plain(Type::Int32, true)});
    return form;
}

ValueForm hstore(const ValueModes& modes) {
    if (modes.hstore == HstoreMode::Json)
        return make(Kind::HstoreJson, Type::String, "\"{}\"", "io.debezium.data.Json");
    ValueForm form = make(Kind::HstoreMap, Type::Map, "{}");
    form.schema.keys = record::plain(Type::String);
    form.schema.items = record::plain(Type::String, true);
    return form;
}

ValueForm vector(Type item, const char* name) {
    ValueForm form = make(Kind::Vector, Type::Array, "[]", name);
    form.schema.items = record::plain(item);
    return form;
}

ValueForm sparse_vector() {
    ValueForm form = make(Kind::SparseVector, Type::Struct, "", "io.debezium.data.SparseDoubleVector");
    form.schema.doc = "Sparse double vector";
    record::Schema map;
    map.type = Type::Map;
    map.keys = record::plain(Type::Int16);
    map.items = record::plain(Type::Float64);
    form.schema.fields = {{"dimensions", record::plain(Type::Int16)},
                          {"vector", std::make_shared<const record::Schema>(std::move(map))}};
    return form;
}

ValueForm enumeration(const PgType& type) {
    ValueForm form = text("io.debezium.data.Enum");
    form.schema.parameters = {{"allowed", join(type.labels, ",")}};
    return form;
}

bool is_shape(std::string_view name) {
    return name == "box" || name == "circle" || name == "line" || name == "lseg" || name == "path" || name == "polygon";
}

/// Types that extensions bring, by name.
std::optional<ValueForm> extension_form(std::string_view name, const ValueModes& modes) {
    if (name == "hstore") return hstore(modes);
    if (name == "citext" || name == "isbn") return text();
    if (name == "ltree") return text("io.debezium.data.Ltree");
    if (name == "geometry") return geometry(Kind::Geometry, "Geometry", "Geometry");
    if (name == "geography") return geometry(Kind::Geometry, "Geography", "Geography");
    if (name == "vector") return vector(Type::Float64, "io.debezium.data.DoubleVector");
    if (name == "halfvec") return vector(Type::Float32, "io.debezium.data.FloatVector");
    if (name == "sparsevec") return sparse_vector();
    return std::nullopt;
}

std::optional<ValueForm> builtin_form(uint32_t type, int32_t modifier, const ValueModes& modes) {
    const TypeSize size = size_of(type, modifier);
    switch (type) {
        case oid::kBool:
            return make(Kind::Boolean, Type::Boolean, "false");
        case oid::kInt2:
            return make(Kind::Integer, Type::Int16, "0");
        case oid::kInt4:
            return make(Kind::Integer, Type::Int32, "0");
        case oid::kInt8:
        case oid::kOid:
            return make(Kind::Integer, Type::Int64, "0");
        case oid::kFloat4:
            return make(Kind::Float, Type::Float32, "0.0");
        case oid::kFloat8:
            return make(Kind::Double, Type::Float64, "0.0");
        case oid::kNumeric:
            return numeric(modifier, modes);
        case oid::kMoney:
            return money(modes);
        case oid::kChar:
        case oid::kName:
        case oid::kText:
        case oid::kVarchar:
        case oid::kBpchar:
        case oid::kInet:
        case oid::kCidr:
        case oid::kMacaddr:
        case oid::kMacaddr8:
        case oid::kInt4Range:
        case oid::kInt8Range:
        case oid::kNumRange:
        case oid::kTsRange:
        case oid::kTstzRange:
        case oid::kDateRange:
            return text();
        case oid::kJson:
        case oid::kJsonb:
            return text("io.debezium.data.Json");
        case oid::kXml:
            return text("io.debezium.data.Xml");
        case oid::kUuid:
            return text("io.debezium.data.Uuid");
        case oid::kTsvector:
            return text("io.debezium.data.Tsvector");
        case oid::kBytea:
            return bytes(Kind::Bytes, modes);
        case oid::kBit:
        case oid::kVarbit:
            return bits(size.length);
        case oid::kDate:
            return date(modes);
        case oid::kTime:
            return time(size.scale, modes);
        case oid::kTimetz:
            return make(Kind::ZonedTime, Type::String, "\"00:00:00Z\"", "io.debezium.time.ZonedTime");
        case oid::kTimestamp:
            return timestamp(size.scale, modes);
        case oid::kTimestamptz:
            return zoned_timestamp(size.scale);
        case oid::kInterval:
            return interval(modes);
        case oid::kPoint:
            return geometry(Kind::Point, "Point", "Geometry (POINT)");
        default:
            return std::nullopt;
    }
}

/// Debezium has no arrays of these.
bool has_no_arrays(const PgType& element) {
    switch (element.oid) {
        case oid::kMoney:
        case oid::kName:
        case oid::kInterval:
        case oid::kVarbit:
        case oid::kXml:
        case oid::kPoint:
        case oid::kRefCursor:
            return true;
        default:
            return false;
    }
}

std::optional<ValueForm> array_form(PgTypes& types, const PgType& array, int32_t modifier, const ValueModes& modes) {
    const PgType& element_type = types.get(array.element);
    if (has_no_arrays(element_type)) return std::nullopt;
    std::optional<ValueForm> element;
    if (element_type.kind != 'd') element = form_of(types, element_type.oid, modifier, modes);
    if (!element) {
        if (!modes.include_unknown) return std::nullopt;
        element = bytes(Kind::TextAsBytes, modes);
    }
    element->schema.optional = element_type.kind != 'e';
    ValueForm form = make(Kind::Array, Type::Array, "[]");
    form.schema.items = std::make_shared<const record::Schema>(element->schema);
    form.element = std::make_shared<const ValueForm>(std::move(*element));
    return form;
}

}  // namespace

std::optional<ValueForm> form_of(PgTypes& types, uint32_t type, int32_t modifier, const ValueModes& modes) {
    const auto [root, root_modifier] = types.root(type, modifier);
    if (root.kind == 'e') return enumeration(root);
    if (root.element != 0) return array_form(types, root, root_modifier, modes);
    if (auto form = builtin_form(root.oid, root_modifier, modes)) return form;
    constexpr uint32_t kFirstNormalOid = 16384;  // those below are the server's own
    if (root.oid >= kFirstNormalOid)
        if (auto form = extension_form(root.name, modes)) return form;
    if (!modes.include_unknown) return std::nullopt;
    return bytes(is_shape(root.name) ? Kind::ShapeAsBytes : Kind::TextAsBytes, modes);
}

ValueForm with_decimals(ValueForm form, bool as_numbers) {
    form.as_number = as_numbers;
    if (form.element != nullptr)
        form.element = std::make_shared<const ValueForm>(with_decimals(*form.element, as_numbers));
    return form;
}

}  // namespace millrace::postgres
