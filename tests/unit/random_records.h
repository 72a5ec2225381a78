#pragma once

#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "base/text.h"
#include "convert/json_converter.h"
#include "record/arena.h"
#include "record/schema.h"
#include "record/struct_view.h"
#include "record/value.h"

namespace millrace {

/// Random schemas and values of them, the same for the same seed.
class Generator {
    using Schema = record::Schema;
    using Type = record::Type;
    using Value = record::Value;

  public:
    explicit Generator(unsigned seed) : random_(seed) {}

    unsigned below(unsigned bound) { return std::uniform_int_distribution<unsigned>(0, bound - 1)(random_); }
    bool chance(unsigned percent) { return below(100) < percent; }
    template <typename T, size_t N>
    const T& one_of(const T (&all)[N]) {
        return all[below(N)];
    }

    std::string text() {
        static const std::string kLong(300, 'x');
        static const std::string kTexts[] = {"",     "a",  "x\"y\\z", "line\nbreak",   "é",  "\xF0\x9F\x98\x80",
                                             "null", "{}", "[1,2]",   ",\"payload\":", kLong};
        return one_of(kTexts);
    }
    std::string field_name() {
        static const std::string kNames[] = {"id",          "name",         "a",   "b",  "c",    "with space",
                                             "dotted.name", "quoted\"name", "ünï", "op", "ts_ms"};
        return one_of(kNames);
    }

    record::SchemaPtr schema(int depth, bool may_be_struct = true) {
        Schema made;
        made.optional = chance(50);
        const unsigned kind = below(depth <= 0 ? 11 : may_be_struct ? 14 : 13);
        if (kind == 9 || kind == 10) {
            constexpr std::pair<Type, std::string_view> kLogical[] = {
                {Type::Int32, record::kDate}, {Type::Int64, record::kTimestamp}, {Type::Bytes, record::kDecimal}};
            const auto& [type, name] = one_of(kLogical);
            made.type = type;
            made.name = name;
            made.version = 1;
            if (name == record::kDecimal) made.parameters = {{"scale", std::to_string(below(4))}};
        } else {
            made.type = static_cast<Type>(kind < 9 ? kind : kind - 2);
        }
        if (made.type == Type::Array) made.items = schema(depth - 1);
        if (made.type == Type::Map) {
            made.keys = record::plain(chance(70) ? Type::String : Type::Int32);
            made.items = schema(depth - 1);
        }
        if (made.type == Type::Struct) {
            made.name = "some.Name";
            const unsigned count = 1 + below(5);
            for (unsigned i = 0; i < count; ++i) {
                const std::string name = field_name();
                if (!made.index_of(name)) made.fields.push_back({name, schema(depth - 1)});
            }
        }
        if (record::is_primitive(made.type) && chance(30)) made.default_json = json_of(made, full_value(made, 0));
        return record::made(std::move(made));
    }

    record::SchemaPtr row(const std::string& name, bool optional) {
        Schema made{
            .type = Type::Struct, .optional = optional, .name = name, .fields = {{"id", record::plain(Type::Int32)}}};
        const unsigned count = 1 + below(6);
        for (unsigned i = 0; i < count; ++i) {
            const std::string field = field_name();
            if (!made.index_of(field)) made.fields.push_back({field, schema(2)});
        }
        return record::made(std::move(made));
    }

    Value value(const Schema& schema, int depth) {
        return schema.optional && chance(30) ? Value() : full_value(schema, depth);
    }

    Value full_value(const Schema& schema, int depth) {
        switch (schema.type) {
            case Type::Boolean:
                return Value::boolean(chance(50));
            case Type::Float32: {
                constexpr float kFloats[] = {0,
                                             -0.0F,
                                             1.5F,
                                             1e20F,
                                             1.1F,
                                             std::numeric_limits<float>::quiet_NaN(),
                                             std::numeric_limits<float>::infinity()};
                return Value::float32(one_of(kFloats));
            }
            case Type::Float64: {
                constexpr double kDoubles[] = {
                    0, 0.1, -1e300, 1e7, 1e-5, 5e-324, std::numeric_limits<double>::quiet_NaN()};
                return Value::float64(one_of(kDoubles));
            }
            case Type::String:
                return Value::text(arena.copy(text()));
            case Type::Bytes: {
                if (chance(20) && !schema.is_logical(record::kDecimal)) return Value::bytes("");
                // A Decimal is as short as can be.
                const unsigned byte = below(256), most = byte == 0 || byte == 255 ? 1 : 9;
                const unsigned size = schema.is_logical(record::kDecimal) ? 1 + below(most) : 1 + below(9);
                return Value::bytes(arena.copy(std::string(size, static_cast<char>(byte))));
            }
            case Type::Array: {
                const auto items = record::new_fields(depth > 3 ? 0 : below(4), arena);
                for (auto& item : items) item = value(*schema.items, depth + 1);
                return Value::list(items);
            }
            case Type::Map: {
                const auto pairs = record::new_fields(2 * (depth > 3 ? 0 : below(3)), arena);
                for (size_t i = 0; i < pairs.size(); ++i) {
                    if (i % 2 == 1)
                        pairs[i] = value(*schema.items, depth + 1);
                    else
                        pairs[i] = schema.keys->type == Type::String
                                       ? Value::text(arena.copy(text() + std::to_string(i)))
                                       : Value::integer(static_cast<int>(i));
                }
                return Value::map(pairs);
            }
            case Type::Struct: {
                const auto fields = record::new_fields(schema.fields.size(), arena);
                for (size_t i = 0; i < fields.size(); ++i) fields[i] = value(*schema.fields[i].schema, depth + 1);
                return Value::list(fields);
            }
            default: {
                const int bits = schema.type == Type::Int8    ? 7
                                 : schema.type == Type::Int16 ? 15
                                 : schema.type == Type::Int32 ? 31
                                                              : 40;
                const int64_t most = int64_t{1} << bits;
                return Value::integer(std::uniform_int_distribution<int64_t>(-most, most - 1)(random_));
            }
        }
    }

    static std::string json_of(const Schema& schema, const Value& value) {
        record::Arena scratch;
        std::string out;
        convert::JsonConverter({.replace_null_with_default = false})
            .append_payload(out, std::make_shared<const Schema>(schema), value, scratch);
        return out;
    }

    record::Arena arena;

  private:
    std::mt19937 random_;
};

}  // namespace millrace
