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
};

std::string_view name_of(Type type);

/// A schema without a name.
SchemaPtr plain(Type type, bool optional = false);
/// A logical type: a named schema of version 1.
SchemaPtr logical(Type type, std::string name, bool optional = false);
SchemaPtr array_of(SchemaPtr items, bool optional = false);

}  // namespace millrace::record
