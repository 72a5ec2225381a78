#include "script/js_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/calendar.h"
#include "base/decimal.h"
#include "base/errors.h"
#include "base/text.h"
#include "record/struct_view.h"

namespace millrace::script {

using record::Schema;
using record::SchemaAndValue;
using record::SchemaPtr;
using record::Type;
using record::Value;

namespace {

constexpr size_t kSchemasMax = 10'000;
constexpr size_t kMostDepth = 32;

/// Counts the levels that are being read.
class Depth {
  public:
    explicit Depth(size_t& depth) : depth_(depth) { ++depth_; }
    ~Depth() { --depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

  private:
    size_t& depth_;
};

/// A property of an object, whatever it is called.
struct Property {
    std::string name;
    JsValue value;
};

std::vector<Property> properties_of(JSContext* context, JSValueConst object) {
    JSPropertyEnum* names = nullptr;
    uint32_t count = 0;
    std::vector<Property> found;
    if (JS_GetOwnPropertyNames(context, &names, &count, object, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0)
        return found;
    for (uint32_t at = 0; at < count; ++at) {
        size_t size = 0;
        const char* name = JS_AtomToCStringLen(context, &size, names[at].atom);
        found.push_back({name == nullptr ? "" : std::string(name, size),
                         JsValue(context, JS_GetProperty(context, object, names[at].atom))});
        JS_FreeCString(context, name);
    }
    JS_FreePropertyEnum(context, names, count);
    return found;
}

std::pair<int64_t, int64_t> bounds_of(Type type) {
    switch (type) {
        case Type::Int8:
            return {std::numeric_limits<int8_t>::min(), std::numeric_limits<int8_t>::max()};
        case Type::Int16:
            return {std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max()};
        case Type::Int32:
            return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
        default:
            return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
    }
}

}  // namespace

JsReader::Kind JsReader::kind_of(JSValueConst value, const std::string& path) {
    if (JS_IsException(value)) {
        JS_FreeValue(context_, JS_GetException(context_));
        throw FatalError(format("The script gave {} a property that fails", path));
    }
    if (JS_IsNull(value) || JS_IsUndefined(value)) return Kind::Null;
    if (JS_IsBool(value)) return Kind::Boolean;
    if (JS_IsNumber(value)) return Kind::Number;
    if (JS_IsString(value)) return Kind::Text;
    const JsValue kind(context_, JS_Call(context_, kind_of_.get(), JS_UNDEFINED, 1, &value));
    int32_t number = 0;
    if (JS_IsException(kind.get()) || JS_ToInt32(context_, &number, kind.get()) < 0 ||
        number >= static_cast<int32_t>(Kind::Other))
        throw FatalError(format("The script gave {} a value that no record can hold", path));
    return static_cast<Kind>(number);
}

std::string JsReader::text(JSValueConst value, const std::string& path) {
    size_t size = 0;
    const char* text = JS_ToCStringLen(context_, &size, value);
    if (text == nullptr) throw FatalError(format("The script gave {} a value that cannot be printed", path));
    std::string out(text, size);
    JS_FreeCString(context_, text);
    return out;
}

void JsReader::refuse(const std::string& path, const Schema& schema, JSValueConst value) {
    const std::string type = schema.name.empty() ? std::string(record::name_of(schema.type)) : schema.name;
    throw FatalError(format("The script gave {} the value {}, which is no {}", path, text(value, path), type));
}

SchemaAndValue JsReader::read(const SchemaPtr& schema, JSValueConst value, const std::string& path,
                              record::Arena& arena) {
    const Kind kind = kind_of(value, path);
    const Depth depth(depth_);
    if (depth_ > kMostDepth)
        throw FatalError(format("The script gave {} a value that is nested too deeply", path.substr(0, 100)));
    if (!schema) return told(value, kind, path, arena);
    if (kind == Kind::Null) {
        if (!schema->optional && !schema->default_json)
            throw FatalError(format("The script gave {} null, and it is not optional", path));
        return {schema, Value()};
    }
    switch (schema->type) {
        case Type::Struct:
            if (kind != Kind::Object) refuse(path, *schema, value);
            return structure(schema, value, path, arena);
        case Type::Array:
            if (kind != Kind::List) refuse(path, *schema, value);
            return list(schema, value, path, arena);
        case Type::Map:
            if (kind != Kind::Object) refuse(path, *schema, value);
            return map(schema, value, path, arena);
        default:
            return {schema, scalar(*schema, value, kind, path, arena)};
    }
}

Value JsReader::scalar(const Schema& schema, JSValueConst value, Kind kind, const std::string& path,
                       record::Arena& arena) {
    const bool is_number = kind == Kind::Number || kind == Kind::Integer || kind == Kind::Decimal;
    double number = 0;
    switch (schema.type) {
        case Type::Boolean:
            if (kind != Kind::Boolean) refuse(path, schema, value);
            return Value::boolean(JS_ToBool(context_, value) != 0);
        case Type::String:
            if (kind != Kind::Text) refuse(path, schema, value);
            return Value::text(arena.copy(text(value, path)));
        case Type::Float32:
        case Type::Float64:
            if (!is_number || JS_ToFloat64(context_, &number, value) < 0) refuse(path, schema, value);
            return schema.type == Type::Float32 ? Value::float32(static_cast<float>(number)) : Value::float64(number);
        case Type::Bytes:
            if (schema.name == record::kDecimal) {
                if (!is_number && kind != Kind::Text) refuse(path, schema, value);
                return decimal(record::decimal_scale(schema), value, path, arena);
            }
            if (kind != Kind::Bytes) refuse(path, schema, value);
            return bytes(value, path, arena);
        default:
            return whole(schema, value, kind, path);
    }
}

/// The integers, and the dates and times that are kept as such.
Value JsReader::whole(const Schema& schema, JSValueConst value, Kind kind, const std::string& path) {
    int64_t number = 0;
    double floating = 0;
    if (kind == Kind::Integer) {
        const auto digits = parse_int(text(value, path));
        if (!digits) refuse(path, schema, value);
        number = *digits;
    } else if (kind == Kind::Number || kind == Kind::Date) {
        constexpr double kMostExact = 9007199254740992;
        // Days in ms are exact far beyond that.
        const double most_exact = kind == Kind::Date && schema.name == record::kDate ? kMostExact * 512 : kMostExact;
        if (JS_ToFloat64(context_, &floating, value) < 0 || floating != std::floor(floating) ||
            std::abs(floating) > most_exact)
            refuse(path, schema, value);
        number = static_cast<int64_t>(floating);
    } else {
        refuse(path, schema, value);
    }
    if (kind == Kind::Date && schema.name == record::kDate) number = floor_div(number, kDayMs);
    const auto [least, most] = bounds_of(schema.type);
    if (number < least || number > most) refuse(path, schema, value);
    return Value::integer(number);
}

Value JsReader::decimal(int scale, JSValueConst value, const std::string& path, record::Arena& arena) {
    const std::string digits = text(value, path);
    const auto unscaled = decimal::unscaled(digits, scale);
    if (!unscaled) throw FatalError(format("The script gave {} the value {}, which is no decimal", path, digits));
    std::string bytes;
    decimal::append_twos_complement(bytes, *unscaled);
    return Value::bytes(arena.copy(bytes));
}

Value JsReader::bytes(JSValueConst value, const std::string& path, record::Arena& arena) {
    size_t offset = 0, size = 0, width = 0, whole_size = 0;
    const JsValue buffer(context_, JS_GetTypedArrayBuffer(context_, value, &offset, &size, &width));
    const uint8_t* from =
        JS_IsException(buffer.get()) ? nullptr : JS_GetArrayBuffer(context_, &whole_size, buffer.get());
    if (from == nullptr && size > 0) throw FatalError(format("The script gave {} bytes that cannot be read", path));
    return Value::bytes(arena.copy({reinterpret_cast<const char*>(from) + offset, size}));
}

SchemaAndValue JsReader::list(const SchemaPtr& schema, JSValueConst value, const std::string& path,
                              record::Arena& arena) {
    int64_t length = 0;
    JS_GetLength(context_, value, &length);
    const auto items = record::new_fields(static_cast<size_t>(length), arena);
    SchemaPtr item_schema = schema ? schema->items : nullptr;
    for (int64_t at = 0; at < length; ++at) {
        const JsValue item(context_, JS_GetPropertyInt64(context_, value, at));
        const std::string item_path = format("{}[{}]", path, at);
        if (!item_schema && kind_of(item.get(), item_path) == Kind::Null) continue;
        const auto read_item = read(item_schema, item.get(), item_path, arena);
        if (item_schema && read_item.schema != item_schema && *read_item.schema != *item_schema)
            throw FatalError(format("The script gave {} other fields than the items of its list have", item_path));
        item_schema = read_item.schema;
        items[static_cast<size_t>(at)] = read_item.value;
    }
    if (schema) return {schema, Value::list(items)};
    if (!item_schema) item_schema = record::plain(Type::String, true);
    return {pooled({.type = Type::Array, .optional = true, .items = item_schema}), Value::list(items)};
}

/// An object's properties are texts; of the other types of keys there are integers, in sparse vectors.
Value JsReader::map_key(const Schema& schema, const std::string& name, const std::string& path, record::Arena& arena) {
    if (schema.type == Type::String) return Value::text(arena.copy(name));
    const auto number = parse_int(name);
    const auto [least, most] = bounds_of(schema.type);
    const bool is_integer = schema.type == Type::Int8 || schema.type == Type::Int16 || schema.type == Type::Int32 ||
                            schema.type == Type::Int64;
    if (!is_integer || !number || *number < least || *number > most)
        throw FatalError(
            format("The script gave {} the key {}, which is no {}", path, name, record::name_of(schema.type)));
    return Value::integer(*number);
}

SchemaAndValue JsReader::map(const SchemaPtr& schema, JSValueConst value, const std::string& path,
                             record::Arena& arena) {
    const auto properties = properties_of(context_, value);
    const auto children = record::new_fields(properties.size() * 2, arena);
    for (size_t at = 0; at < properties.size(); ++at) {
        const auto& [name, item] = properties[at];
        children[at * 2] = map_key(*schema->keys, name, path, arena);
        children[at * 2 + 1] = read(schema->items, item.get(), format("{}.{}", path, name), arena).value;
    }
    return {schema, Value::map(children)};
}

SchemaAndValue JsReader::structure(const SchemaPtr& schema, JSValueConst value, const std::string& path,
                                   record::Arena& arena) {
    const auto properties = properties_of(context_, value);
    Schema made = schema ? record::basics_of(*schema) : Schema{.type = Type::Struct};
    made.optional = !schema || schema->optional;
    made.fields.reserve(properties.size());
    const auto values = record::new_fields(properties.size(), arena);
    const auto add = [&](const Property& property, const SchemaPtr& of) {
        const auto found = read(of, property.value.get(), format("{}.{}", path, property.name), arena);
        values[made.fields.size()] = found.value;
        made.fields.push_back({property.name, found.schema});
    };
    // The fields stay in their order, which is not always that of an object's properties.
    const size_t before = schema ? schema->fields.size() : 0;
    for (size_t at = 0; at < before; ++at) {
        const auto& field = schema->fields[at];
        const bool is_in_place = at < properties.size() && properties[at].name == field.name;
        const auto found = is_in_place ? properties.begin() + static_cast<std::ptrdiff_t>(at)
                                       : std::find_if(properties.begin(), properties.end(),
                                                      [&](const auto& one) { return one.name == field.name; });
        if (found != properties.end()) add(*found, field.schema);
    }
    for (const auto& property : properties)
        if (!schema || schema->field(property.name) == nullptr) add(property, nullptr);
    const bool is_same =
        schema && made.fields.size() == before &&
        std::equal(made.fields.begin(), made.fields.end(), schema->fields.begin(),
                   [](const auto& a, const auto& b) { return a.name == b.name && a.schema == b.schema; });
    return {is_same ? schema : pooled(std::move(made)), Value::list(values)};
}

SchemaAndValue JsReader::told(JSValueConst value, Kind kind, const std::string& path, record::Arena& arena) {
    const auto with = [&](const SchemaPtr& schema) -> SchemaAndValue {
        return {schema, scalar(*schema, value, kind, path, arena)};
    };
    double number = 0;
    switch (kind) {
        case Kind::Null:
            return {record::plain(Type::String, true), Value()};
        case Kind::Boolean:
            return with(record::plain(Type::Boolean, true));
        case Kind::Text:
            return with(record::plain(Type::String, true));
        case Kind::Integer:
            return with(record::plain(Type::Int64, true));
        case Kind::Number:
            JS_ToFloat64(context_, &number, value);
            return with(record::plain(number == std::floor(number) ? Type::Int64 : Type::Float64, true));
        case Kind::Date:
            return with(record::logical(Type::Int64, std::string(record::kTimestamp), true));
        case Kind::Bytes:
            return with(record::plain(Type::Bytes, true));
        case Kind::Decimal: {
            const std::string digits = text(value, path);
            const size_t point = digits.find('.');
            const size_t scale = point == std::string::npos ? 0 : digits.size() - point - 1;
            Schema schema{.type = Type::Bytes, .optional = true, .name = std::string(record::kDecimal), .version = 1};
            schema.parameters = {{"scale", std::to_string(scale)}};
            return with(pooled(std::move(schema)));
        }
        case Kind::List:
            return list(nullptr, value, path, arena);
        case Kind::Object:
            return structure(nullptr, value, path, arena);
        case Kind::Other:
            break;
    }
    throw FatalError(format("The script gave {} a value that no record can hold", path));
}

/// One schema for all that are the same, so that what comes after it knows it again.
const SchemaPtr& JsReader::pooled(Schema&& made) {
    std::string names = made.name;
    for (const auto& field : made.fields) names += "\n" + field.name;
    const auto [first, last] = made_.equal_range(names);
    for (auto one = first; one != last; ++one)
        if (*one->second == made) return one->second;
    if (made_.size() >= kSchemasMax) made_.clear();
    return made_.emplace(std::move(names), record::made(std::move(made)))->second;
}

}  // namespace millrace::script
