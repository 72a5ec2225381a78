#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "record/arena.h"
#include "record/json_value.h"
#include "record/schema.h"
#include "record/value.h"

namespace millrace::record {

/// What a field says for a null: Struct.get gives the schema's default, Struct.getWithoutDefault gives null.
enum class Nulls { AsDefault, AsTheyAre };

/// The default of a schema; null: none.
inline Value default_of(const Schema& schema) {
    return schema.default_json ? Value::json(*schema.default_json) : Value();
}

/// A struct and its schema, opened to be looked at. What it gives lives as long as the arena.
class StructView {
  public:
    StructView(const Schema& schema, const Value& value, Arena& arena)
        : schema_(&schema), fields_(opened(schema, value, arena).children()), arena_(&arena) {}

    const Schema& schema() const { return *schema_; }
    size_t size() const { return fields_.size(); }

    /// As it lies there, opened or not.
    Value raw(size_t at, Nulls nulls = Nulls::AsDefault) const {
        const Value& value = fields_[at];
        if (value.is_null() && nulls == Nulls::AsDefault) return default_of(*schema_->fields[at].schema);
        return value;
    }
    /// One level opened.
    Value get(size_t at, Nulls nulls = Nulls::AsDefault) const {
        return opened(*schema_->fields[at].schema, raw(at, nulls), *arena_);
    }
    /// Null if there is no such field.
    Value get(std::string_view field, Nulls nulls = Nulls::AsDefault) const {
        const auto at = schema_->index_of(field);
        return at ? get(*at, nulls) : Value();
    }
    /// The struct in a field; nothing if it is null or none.
    std::optional<StructView> inner(size_t at, Nulls nulls = Nulls::AsDefault) const {
        if (schema_->fields[at].schema->type != Type::Struct) return std::nullopt;
        const Value value = raw(at, nulls);
        if (value.is_null()) return std::nullopt;
        return StructView(*schema_->fields[at].schema, value, *arena_);
    }
    /// The same; nothing if there is no such field.
    std::optional<StructView> inner(std::string_view field, Nulls nulls = Nulls::AsDefault) const {
        const auto at = schema_->index_of(field);
        return at ? inner(*at, nulls) : std::nullopt;
    }

  private:
    const Schema* schema_;
    std::span<Value> fields_;
    Arena* arena_;
};

/// Room for the fields of a new struct, all null.
inline std::span<Value> new_fields(size_t count, Arena& arena) {
    auto* fields = arena.allocate<Value>(count);
    std::uninitialized_fill_n(fields, count, Value());
    return {fields, count};
}

}  // namespace millrace::record
