#include "transform/json_payload.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "record/struct_view.h"

namespace millrace::transform {
namespace {

using record::Schema;
using record::SchemaPtr;
using record::Type;
using record::Value;

/// What kind of node Jackson calls it; arrays must hold one kind.
enum class Kind { Null, Text, Boolean, Number, Array, Object };

Kind kind_of(const Json& node) {
    if (node.is_null()) return Kind::Null;
    if (node.is_string()) return Kind::Text;
    if (node.is_boolean()) return Kind::Boolean;
    if (node.is_number()) return Kind::Number;
    return node.is_array() ? Kind::Array : Kind::Object;
}

/// Why a text has no schema.
struct NoSchema : std::runtime_error {
    using std::runtime_error::runtime_error;
};

Type number_type(const Json& node) {
    if (!node.is_number_integer()) return Type::Float64;
    if (node.is_number_unsigned() && node.get<uint64_t>() > INT64_MAX) return Type::Float64;
    const auto number = node.get<int64_t>();
    return number >= INT32_MIN && number <= INT32_MAX ? Type::Int32 : Type::Int64;
}

/// The fields of both; what is in both is the first's, but where that is of type bytes and the second's is not.
SchemaPtr merged(const SchemaPtr& left, const SchemaPtr& right) {
    if (!left) return right;
    Schema made = *left;
    for (const auto& field : right->fields) {
        const auto at = made.index_of(field.name);
        if (!at)
            made.fields.push_back(field);
        else if (made.fields[*at].schema->type == Type::Bytes && field.schema->type != Type::Bytes)
            made.fields[*at] = field;
    }
    made.optional = false;  // SchemaUtil.copySchemaBasics
    return record::made(std::move(made));
}

}  // namespace

class JsonPayload::Inference {
  public:
    Inference(const JsonPayload& options, record::Arena& arena) : options_(options), arena_(arena) {}

    /// nullptr: it is left out.
    SchemaPtr schema_of(const std::string& name, const Json& node) const {
        switch (kind_of(node)) {
            case Kind::Null:
                return options_.keeps_nulls_ ? record::plain(Type::Bytes, true) : nullptr;
            case Kind::Text:
                return record::plain(Type::String, true);
            case Kind::Boolean:
                return record::plain(Type::Boolean, true);
            case Kind::Number:
                return record::plain(number_type(node), true);
            case Kind::Array:
                return node.empty() ? nullptr : record::array_of(item_schema(name, node), true);
            case Kind::Object:
                break;
        }
        Schema made{.type = Type::Struct, .optional = true, .name = name};
        for (const auto& [key, value] : node.items()) {
            const std::string field = options_.field_names_.apply(key);
            const SchemaPtr schema = schema_of(trimmed(name).empty() ? field : format("{}.{}", name, field), value);
            if (schema && !made.index_of(field)) made.fields.push_back({field, schema});
        }
        return record::made(std::move(made));
    }

    Value value_of(const Schema& schema, const Json& node) const {
        switch (kind_of(node)) {
            case Kind::Null:
                return {};
            case Kind::Text:
                return need(schema, Type::String, Value::text(arena_.copy(node.get_ref<const std::string&>())));
            case Kind::Boolean:
                return need(schema, Type::Boolean, Value::boolean(node.get<bool>()));
            case Kind::Number: {
                const Type type = number_type(node);
                if (type == Type::Float64) return need(schema, type, Value::float64(node.get<double>()));
                return need(schema, type, Value::integer(node.get<int64_t>()));
            }
            case Kind::Array: {
                const auto items = record::new_fields(node.size(), arena_);
                for (size_t i = 0; i < items.size(); ++i) items[i] = value_of(*schema.items, node[i]);
                return Value::list(items);
            }
            case Kind::Object:
                break;
        }
        need(schema, Type::Struct, {});
        const auto fields = record::new_fields(schema.fields.size(), arena_);
        for (size_t i = 0; i < fields.size(); ++i) {
            const auto found = node.find(schema.fields[i].name);
            if (found != node.end()) fields[i] = value_of(*schema.fields[i].schema, *found);
        }
        return Value::list(fields);
    }

  private:
    static Value need(const Schema& schema, Type type, Value value) {
        if (schema.type != type)
            throw NoSchema(
                format("an array holds both {} and {}", record::name_of(schema.type), record::name_of(type)));
        return value;
    }

    SchemaPtr item_schema(const std::string& name, const Json& array) const {
        const Json* first = nullptr;
        for (const auto& item : array) {
            if (item.is_null()) continue;
            if (first == nullptr) first = &item;
            const bool is_same =
                kind_of(item) == kind_of(*first) && (!item.is_number() || number_type(item) == number_type(*first));
            if (!is_same) throw NoSchema(format("the field {} is not a homogenous array", name));
        }
        if (first == nullptr) first = &array.front();
        if (!first->is_object()) {
            const SchemaPtr schema = schema_of("", *first);
            if (!schema) throw NoSchema(format("the array {} has unrecognized member schema", name));
            return schema;
        }
        SchemaPtr all;
        std::vector<SchemaPtr> seen;
        for (const auto& item : array) {
            if (!item.is_object()) continue;
            SchemaPtr schema = schema_of(name, item);
            if (std::any_of(seen.begin(), seen.end(), [&](const auto& known) { return *known == *schema; })) continue;
            all = merged(all, schema);
            seen.push_back(std::move(schema));
        }
        return all;
    }

    const JsonPayload& options_;
    record::Arena& arena_;
};

std::optional<record::SchemaAndValue> JsonPayload::read(std::string_view text, const std::string& name,
                                                        record::Arena& arena, std::string& problem) const {
    if (!text.starts_with('{')) {
        problem = text.empty() ? "the payload is empty" : "the payload is no JSON object";
        return std::nullopt;
    }
    const auto json = parse_json(text, &problem);
    if (!json) return std::nullopt;
    try {
        const Inference inference(*this, arena);
        const SchemaPtr schema = inference.schema_of(name, *json);
        return record::SchemaAndValue{schema, inference.value_of(*schema, *json)};
    } catch (const NoSchema& fault) {
        problem = fault.what();
        return std::nullopt;
    }
}

}  // namespace millrace::transform
