#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "base/decimal.h"
#include "convert/java_text.h"
#include "convert/json_converter.h"
#include "record/plan_cache.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/transform_types.h"

/// The transforms that change values: Cast, MaskField, Flatten, SetSchemaMetadata.
namespace millrace::transform {
namespace {

using record::Record;
using record::Schema;
using record::SchemaPtr;
using record::Type;
using record::Value;

constexpr Property kCastOptions[] = {
    {.name = "spec",
     .type = OptionType::List,
     .importance = Importance::High,
     .required = true,
     .rule = config::Rule::NonEmpty,
     .documentation =
         "field:type pairs, or one type for the whole: int8, int16, int32, int64, float32, float64, boolean, string."},
    kReplaceNullWithDefault,
};
constexpr Property kMaskOptions[] = {
    {.name = "fields",
     .type = OptionType::List,
     .importance = Importance::High,
     .required = true,
     .rule = config::Rule::NonEmpty,
     .documentation = "Fields that are masked."},
    {.name = "replacement",
     .importance = Importance::Low,
     .rule = config::Rule::NonEmpty,
     .documentation = "What their values become (numbers and texts only); without it the null of their type."},
    kReplaceNullWithDefault,
};
constexpr Property kFlattenOptions[] = {
    {.name = "delimiter",
     .default_value = ".",
     .importance = Importance::Medium,
     .documentation = "What stands between the names that make a field's new name."},
};
constexpr Property kMetadataOptions[] = {
    {.name = "schema.name", .importance = Importance::High, .documentation = "The schema's new name."},
    {.name = "schema.version",
     .type = OptionType::Int,
     .importance = Importance::High,
     .documentation = "Its new version."},
    kReplaceNullWithDefault,
};

std::string default_json(const SchemaPtr& schema, const Value& value) {
    record::Arena arena;
    std::string out;
    convert::JsonConverter({.replace_null_with_default = false}).append_payload(out, schema, value, arena);
    return out;
}

/// The Connect type that a cast names.
Type cast_target(const std::string& name, const std::string& spec) {
    static const std::map<std::string, Type> kTypes = {
        {"int8", Type::Int8},       {"int16", Type::Int16},     {"int32", Type::Int32},     {"int64", Type::Int64},
        {"float32", Type::Float32}, {"float64", Type::Float64}, {"boolean", Type::Boolean}, {"string", Type::String}};
    const auto found = kTypes.find(lower(name));
    if (found == kTypes.end())
        throw ConfigError(
            "spec",
            format("Invalid value {} for configuration spec: Invalid type found in casting spec: {}", spec, name));
    return found->second;
}

/// One value to another type, as Java's Number and parse methods do it.
class Casting {
  public:
    explicit Casting(Type to) : to_(to) {}

    Value apply(const Schema& schema, const Value& raw, record::Arena& arena) const {
        const Value value = record::opened(schema, raw, arena);
        if (value.is_null()) return value;
        if (!record::is_primitive(schema.type))
            throw FatalError(
                format("Cast transformation does not support casting to/from {}", upper(record::name_of(schema.type))));
        if (to_ == Type::String) return text_of(schema, value, arena);
        switch (value.kind()) {
            case Value::Kind::Boolean:
            case Value::Kind::Integer:
                return from_integer(value.integer());
            case Value::Kind::Float32:
            case Value::Kind::Float64:
                return from_floating(value.floating());
            case Value::Kind::Text:
                return from_text(value.text());
            default:
                if (schema.is_logical(record::kDecimal)) return from_decimal(schema, value);
                throw FatalError("Unexpected type in Cast transformation: bytes");
        }
    }

  private:
    static Value text_of(const Schema& schema, const Value& value, record::Arena& arena) {
        std::string out;
        convert::append_connect_text(out, &schema, value, arena);
        return Value::text(arena.copy(out));
    }
    /// Narrowed as Java narrows.
    Value from_integer(int64_t number) const {
        switch (to_) {
            case Type::Int8:
                return Value::integer(static_cast<int8_t>(number));
            case Type::Int16:
                return Value::integer(static_cast<int16_t>(number));
            case Type::Int32:
                return Value::integer(static_cast<int32_t>(number));
            case Type::Float32:
                return Value::float32(static_cast<float>(number));
            case Type::Float64:
                return Value::float64(static_cast<double>(number));
            case Type::Boolean:
                return Value::boolean(number != 0);
            default:
                return Value::integer(number);
        }
    }
    /// To int and below over int, to long over long; saturating; NaN is 0.
    Value from_floating(double number) const {
        if (to_ == Type::Float32) return Value::float32(static_cast<float>(number));
        if (to_ == Type::Float64) return Value::float64(number);
        const bool is_wide = to_ == Type::Int64 || to_ == Type::Boolean;
        const double least = is_wide ? -9223372036854775808.0 : -2147483648.0;
        const double most = is_wide ? 9223372036854775808.0 : 2147483648.0;
        int64_t whole = 0;
        if (std::isnan(number))
            whole = 0;
        else if (number >= most)
            whole = is_wide ? INT64_MAX : INT32_MAX;
        else if (number <= least)
            whole = is_wide ? INT64_MIN : INT32_MIN;
        else
            whole = static_cast<int64_t>(number);
        return from_integer(whole);
    }
    Value from_decimal(const Schema& schema, const Value& value) const {
        const std::string text = decimal::text_of(value.bytes(), record::decimal_scale(schema));
        if (to_ == Type::Float32 || to_ == Type::Float64) return from_floating(std::strtod(text.c_str(), nullptr));
        const auto digits = decimal::unscaled(text, 30);  // cut, not rounded
        std::string whole = digits.value_or("0");
        const size_t sign = whole.starts_with('-') ? 1 : 0;
        whole = whole.size() - sign > 30 ? whole.substr(0, whole.size() - 30) : "0";
        // BigDecimal.longValue keeps the lowest 64 bits.
        uint64_t low = 0;
        for (size_t i = whole.starts_with('-') ? 1 : 0; i < whole.size(); ++i)
            low = low * 10 + static_cast<uint64_t>(whole[i] - '0');
        return from_integer(static_cast<int64_t>(whole.starts_with('-') ? ~low + 1 : low));
    }
    Value from_text(std::string_view text) const {
        const auto out_of_range = [&]() -> FatalError {
            return FatalError(format("Value ({}) was out of range for requested data type", text));
        };
        if (to_ == Type::Boolean) return Value::boolean(iequals(text, "true"));
        if (to_ == Type::Float32 || to_ == Type::Float64) {
            const std::string number(trimmed(text));
            char* end = nullptr;
            const double value = std::strtod(number.c_str(), &end);
            if (number.empty() || *end != '\0') throw out_of_range();
            return to_ == Type::Float32 ? Value::float32(std::strtof(number.c_str(), nullptr)) : Value::float64(value);
        }
        const auto value = parse_int(text.starts_with('+') ? text.substr(1) : text);
        const int64_t most = to_ == Type::Int8    ? INT8_MAX
                             : to_ == Type::Int16 ? INT16_MAX
                             : to_ == Type::Int32 ? INT32_MAX
                                                  : INT64_MAX;
        if (!value || *value > most || *value < -most - 1) throw out_of_range();
        return Value::integer(*value);
    }

    Type to_;
};

class Cast : public Transform {
  public:
    Cast(const config::Settings& settings, Side side) : nulls_(nulls_of(settings)), side_(side) {
        const std::string spec = settings.text("spec");
        const auto mappings = settings.list("spec");
        for (const auto& mapping : mappings) {
            const auto parts = split(mapping, ':');
            if (parts.size() > 2)
                throw ConfigError("spec",
                                  format("Invalid value {} for configuration spec: Invalid cast: {}", spec, mapping));
            if (parts.size() == 1)
                whole_ = cast_target(std::string(trimmed(parts[0])), spec);
            else
                fields_.emplace(trimmed(parts[0]), cast_target(std::string(trimmed(parts[1])), spec));
        }
        if (whole_ && mappings.size() > 1)
            throw ConfigError(
                "spec", format("Invalid value {} for configuration spec: Cast transformations that specify a type "
                               "to cast the entire value to may only specify a single cast in their spec",
                               spec));
    }
    bool apply(Record& record, record::Arena& arena) override {
        auto& side = side_of(record, side_);
        if (side.value.is_null()) return true;
        if (!side.schema) throw FatalError("Cast needs records with a schema");
        const Plan& plan = plans_.get(side.schema, [&](const SchemaPtr& from) { return plan_of(*from, arena); });
        if (whole_) {
            side = {plan.schema, Casting(*whole_).apply(*side.schema, side.value, arena)};
            return true;
        }
        const auto view = require_struct(side, "cast types", arena);
        const auto fields = record::new_fields(view.size(), arena);
        for (size_t i = 0; i < view.size(); ++i) {
            fields[i] = view.raw(i, nulls_);
            if (plan.casts[i]) fields[i] = plan.casts[i]->apply(*view.schema().fields[i].schema, fields[i], arena);
        }
        side = {plan.schema, Value::list(fields)};
        return true;
    }
    unsigned parts() const override { return part_of(side_); }

  private:
    struct Plan {
        SchemaPtr schema;
        std::vector<std::optional<Casting>> casts;  ///< By field.
    };
    static void take_default(Schema& to, const Schema& from, record::Arena& arena) {
        if (!from.default_json) return;
        const Value value = Casting(to.type).apply(from, Value::json(*from.default_json), arena);
        to.default_json = default_json(record::plain(to.type, true), value);
    }
    Plan plan_of(const Schema& from, record::Arena& arena) const {
        Plan plan;
        Schema to = record::basics_of(from);
        to.optional = from.optional;
        if (whole_) {
            to.type = *whole_;
            to.items = to.keys = nullptr;
            take_default(to, from, arena);
            plan.schema = record::made(std::move(to));
            return plan;
        }
        for (const auto& field : from.fields) {
            const auto cast = fields_.find(field.name);
            if (cast == fields_.end()) {
                to.fields.push_back(field);
                plan.casts.emplace_back();
                continue;
            }
            Schema schema{.type = cast->second, .optional = field.schema->optional};
            take_default(schema, *field.schema, arena);
            to.fields.push_back({field.name, record::made(std::move(schema))});
            plan.casts.emplace_back(Casting(cast->second));
        }
        plan.schema = record::made(std::move(to));
        return plan;
    }

    std::map<std::string, Type, std::less<>> fields_;
    std::optional<Type> whole_;
    const record::Nulls nulls_;
    const Side side_;
    record::PlanCache<Plan> plans_;
};

class MaskField : public Transform {
  public:
    MaskField(const config::Settings& settings, Side side)
        : replacement_(settings.find("replacement")), nulls_(nulls_of(settings)), side_(side) {
        for (auto& name : settings.list("fields")) masked_.insert(std::move(name));
    }
    bool apply(Record& record, record::Arena& arena) override {
        auto& side = side_of(record, side_);
        const auto view = require_struct(side, "mask fields", arena);
        const auto& is_masked = plans_.get(side.schema, [&](const SchemaPtr& from) {
            std::vector<char> made;
            for (const auto& field : from->fields) made.push_back(masked_.contains(field.name) ? 1 : 0);
            return made;
        });
        const auto fields = record::new_fields(view.size(), arena);
        for (size_t i = 0; i < view.size(); ++i) {
            fields[i] = view.raw(i, nulls_);
            if (is_masked[i] != 0 && !fields[i].is_null()) fields[i] = masked(view.schema().fields[i], arena);
        }
        side.value = Value::list(fields);
        return true;
    }
    unsigned parts() const override { return part_of(side_); }

  private:
    Value masked(const record::Field& field, record::Arena& arena) const {
        const Schema& schema = *field.schema;
        const bool is_decimal = schema.is_logical(record::kDecimal);
        const auto refuse = [&](std::string_view how) {
            return FatalError(
                format("Cannot mask field {} of type {}{}", field.name, record::name_of(schema.type), how));
        };
        if (replacement_) {
            if (schema.type == Type::String) return Value::text(*replacement_);
            const bool is_date = schema.is_logical(record::kDate) || schema.is_logical(record::kTime) ||
                                 schema.is_logical(record::kTimestamp);
            if (is_decimal) {
                const auto digits = decimal::unscaled(*replacement_, record::decimal_scale(schema));
                if (!digits) throw FatalError(format("Unable to convert {} to number", *replacement_));
                std::string bytes;
                decimal::append_twos_complement(bytes, *digits);
                return Value::bytes(arena.copy(bytes));
            }
            if (is_date || schema.type == Type::Boolean || schema.type == Type::Bytes ||
                !record::is_primitive(schema.type))
                throw refuse(" with custom replacement.");
            return Casting(schema.type).apply(*kText, Value::text(*replacement_), arena);
        }
        switch (schema.type) {
            case Type::Boolean:
                return Value::boolean(false);
            case Type::Float32:
                return Value::float32(0);
            case Type::Float64:
                return Value::float64(0);
            case Type::String:
                return Value::text("");
            case Type::Array:
                return Value::list({});
            case Type::Map:
                return Value::map({});
            case Type::Struct:
                throw refuse("");
            case Type::Bytes:
                if (!is_decimal) throw refuse("");
                return Value::bytes(std::string_view("\0", 1));
            default:
                return Value::integer(0);
        }
    }

    static inline const SchemaPtr kText = record::plain(Type::String);
    std::set<std::string> masked_;
    const std::optional<std::string> replacement_;
    const record::Nulls nulls_;
    const Side side_;
    record::PlanCache<std::vector<char>> plans_;
};

class Flatten : public Transform {
  public:
    Flatten(const config::Settings& settings, Side side) : delimiter_(settings.text("delimiter")), side_(side) {
        // A delimiter of blanks is one too; text() would cut it.
        const auto raw = settings.values().find("delimiter");
        if (raw != settings.values().end()) delimiter_ = raw->second;
    }
    bool apply(Record& record, record::Arena& arena) override {
        auto& side = side_of(record, side_);
        if (side.value.is_null()) return true;
        const auto view = require_struct(side, "flattening", arena);
        const SchemaPtr to = plans_.get(side.schema, [&](const SchemaPtr& from) {
            Schema made = record::basics_of(*from);
            add_fields(made, *from, "", from->optional);
            return record::made(std::move(made));
        });
        const auto fields = record::new_fields(to->fields.size(), arena);
        size_t at = 0;
        add_values(fields, at, view.schema(), &view, arena);
        side = {to, Value::list(fields)};
        return true;
    }
    unsigned parts() const override { return part_of(side_); }

  private:
    void add_fields(Schema& to, const Schema& from, const std::string& prefix, bool optional) const {
        for (const auto& field : from.fields) {
            const std::string name = prefix.empty() ? field.name : prefix + delimiter_ + field.name;
            const bool is_optional = optional || field.schema->optional;
            if (field.schema->type == Type::Struct) {
                add_fields(to, *field.schema, name, is_optional);
                continue;
            }
            if (field.schema->type == Type::Map)
                throw FatalError(format(
                    "Flatten transformation does not support MAP for record with schemas (for field {}).", name));
            Schema schema = *field.schema;
            schema.optional = is_optional;
            to.fields.push_back({name, record::made(std::move(schema))});
        }
    }
    static void add_values(std::span<Value> fields, size_t& at, const Schema& schema, const record::StructView* view,
                           record::Arena& arena) {
        for (size_t i = 0; i < schema.fields.size(); ++i) {
            const Schema& field = *schema.fields[i].schema;
            const Value value = view == nullptr ? Value() : view->raw(i);
            if (field.type != Type::Struct) {
                fields[at++] = value;
            } else if (value.is_null()) {
                add_values(fields, at, field, nullptr, arena);
            } else {
                const record::StructView inner(field, value, arena);
                add_values(fields, at, field, &inner, arena);
            }
        }
    }

    std::string delimiter_;
    const Side side_;
    record::PlanCache<SchemaPtr> plans_;
};

class SetSchemaMetadata : public Transform {
  public:
    SetSchemaMetadata(const config::Settings& settings, Side side) : name_(settings.find("schema.name")), side_(side) {
        if (settings.has("schema.version")) version_ = static_cast<int>(settings.integer("schema.version"));
        if (!name_ && !version_) throw ConfigError("schema.name", "Neither schema name nor version configured");
    }
    bool apply(Record& record, record::Arena& /*arena*/) override {
        auto& side = side_of(record, side_);
        if (!side.schema && side.value.is_null()) return true;
        if (!side.schema) throw FatalError("Schema required for [updating schema metadata]");
        side.schema = plans_.get(side.schema, [&](const SchemaPtr& from) {
            Schema to = *from;
            if (name_) to.name = *name_;
            if (version_) to.version = version_;
            return record::made(std::move(to));
        });
        return true;
    }
    unsigned parts() const override { return part_of(side_); }

  private:
    const std::optional<std::string> name_;
    std::optional<int> version_;
    const Side side_;
    record::PlanCache<SchemaPtr> plans_;
};

}  // namespace

const TransformType kCastKey{"org.apache.kafka.connect.transforms.Cast$Key", table_of<kCastOptions>,
                             make_side<Cast, Side::Key>};
const TransformType kCastValue{"org.apache.kafka.connect.transforms.Cast$Value", table_of<kCastOptions>,
                               make_side<Cast, Side::Value>};
const TransformType kMaskFieldKey{"org.apache.kafka.connect.transforms.MaskField$Key", table_of<kMaskOptions>,
                                  make_side<MaskField, Side::Key>};
const TransformType kMaskFieldValue{"org.apache.kafka.connect.transforms.MaskField$Value", table_of<kMaskOptions>,
                                    make_side<MaskField, Side::Value>};
const TransformType kFlattenKey{"org.apache.kafka.connect.transforms.Flatten$Key", table_of<kFlattenOptions>,
                                make_side<Flatten, Side::Key>};
const TransformType kFlattenValue{"org.apache.kafka.connect.transforms.Flatten$Value", table_of<kFlattenOptions>,
                                  make_side<Flatten, Side::Value>};
const TransformType kSetSchemaMetadataKey{"org.apache.kafka.connect.transforms.SetSchemaMetadata$Key",
                                          table_of<kMetadataOptions>, make_side<SetSchemaMetadata, Side::Key>};
const TransformType kSetSchemaMetadataValue{"org.apache.kafka.connect.transforms.SetSchemaMetadata$Value",
                                            table_of<kMetadataOptions>, make_side<SetSchemaMetadata, Side::Value>};

}  // namespace millrace::transform
