#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::record {

/// Kafka Connect's schema types (org.apache.kafka.connect.data.Schema.Type).
enum class Type { Int8, Int16, Int32, Int64, Float32, Float64, Boolean, String, Bytes, Array, Map, Struct };

struct Schema;
/// Schemas are immutable once built and shared by all records that have them.
using SchemaPtr = std::shared_ptr<const Schema>;

struct Field {
    std::string name;
    SchemaPtr schema;
};

/// Kafka Connect's data schema. `default_json` holds the default value as the JSON converter writes it.
struct Schema {
    Type type = Type::String;
    bool optional = false;
    std::string name = {};
    std::optional<int> version = {};
    std::string doc = {};
    std::vector<std::pair<std::string, std::string>> parameters = {};
    std::optional<std::string> default_json = {};
    SchemaPtr items = {};  ///< Of an Array, or the values of a Map.
    SchemaPtr keys = {};   ///< Of a Map.
    std::vector<Field> fields = {};

    /// The place of a field; nothing: there is none of this name.
    std::optional<size_t> index_of(std::string_view field) const;
    const Field* field(std::string_view name) const;
    bool is_logical(std::string_view logical_name) const { return name == logical_name; }
};

constexpr std::string_view kDecimal = "org.apache.kafka.connect.data.Decimal";      ///< Bytes; parameter "scale".
constexpr std::string_view kDate = "org.apache.kafka.connect.data.Date";            ///< Int32: days
constexpr std::string_view kTime = "org.apache.kafka.connect.data.Time";            ///< Int32: ms of the day
constexpr std::string_view kTimestamp = "org.apache.kafka.connect.data.Timestamp";  ///< Int64: ms since 1970

std::string_view name_of(Type type);
/// The reverse of name_of(); nothing: no such type.
std::optional<Type> type_of(std::string_view name);
bool is_primitive(Type type);

/// A parameter's value; empty: there is none.
std::string_view parameter(const Schema& schema, std::string_view name);
/// The scale of a Decimal.
int decimal_scale(const Schema& schema);

/// A new schema with the name, version, doc and parameters of `schema`, required, without fields and default:
/// SchemaUtil.copySchemaBasics.
Schema basics_of(const Schema& schema);
/// `schema`, optional.
SchemaPtr as_optional(const SchemaPtr& schema);
/// Whether two schemas are the same in all that they say.
bool operator==(const Schema& a, const Schema& b);
/// The same, whether or not they are optional.
bool same_but_optional(const Schema& a, const Schema& b);
inline SchemaPtr made(Schema&& schema) {
    return std::make_shared<const Schema>(std::move(schema));
}

/// A schema without a name.
SchemaPtr plain(Type type, bool optional = false);
/// A logical type: a named schema of version 1.
SchemaPtr logical(Type type, std::string name, bool optional = false);
SchemaPtr array_of(SchemaPtr items, bool optional = false);

}  // namespace millrace::record
