#include <algorithm>
#include <map>
#include <set>

#include "base/decimal.h"
#include "record/plan_cache.h"
#include "transform/field_path.h"
#include "transform/field_selection.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/transform_types.h"

/// The transforms that choose, rename, wrap or add fields.
namespace millrace::transform {
namespace {

using record::Record;
using record::SchemaPtr;
using record::Value;

constexpr Property kExtractOptions[] = {
    {.name = "field",
     .importance = Importance::Medium,
     .required = true,
     .documentation = "The field that takes the place of the whole."},
    kFieldSyntaxVersion,
    kReplaceNullWithDefault,
};
constexpr Property kHoistOptions[] = {
    {.name = "field",
     .importance = Importance::Medium,
     .required = true,
     .documentation = "The only field of the new struct."},
};
constexpr Property kInsertOptions[] = {
    {.name = "topic.field",
     .importance = Importance::Medium,
     .documentation =
         "Field for the topic's name. A trailing ! makes a field required, a trailing ? (or nothing) optional."},
    {.name = "partition.field",
     .importance = Importance::Medium,
     .documentation = "Field for the partition, if a transform has chosen one."},
    {.name = "offset.field",
     .importance = Importance::Medium,
     .support = config::Support::Refused,
     .documentation = "Of sinks only: a source's records have no offset."},
    {.name = "timestamp.field", .importance = Importance::Medium, .documentation = "Field for the record's time."},
    {.name = "static.field", .importance = Importance::Medium, .documentation = "Field for static.value."},
    {.name = "static.value", .importance = Importance::Medium, .documentation = "Its text."},
    kReplaceNullWithDefault,
};
constexpr Property kReplaceOptions[] = {
    {.name = "exclude",
     .type = OptionType::List,
     .default_value = "",
     .importance = Importance::Medium,
     .documentation = "Fields that go, even if they are included."},
    {.name = "include",
     .type = OptionType::List,
     .default_value = "",
     .importance = Importance::Medium,
     .documentation = "The only fields that stay; empty: all."},
    {.name = "renames",
     .type = OptionType::List,
     .default_value = "",
     .importance = Importance::Medium,
     .documentation = "old:new pairs."},
    kReplaceNullWithDefault,
};
constexpr Property kToKeyOptions[] = {
    {.name = "fields",
     .type = OptionType::List,
     .importance = Importance::High,
     .required = true,
     .rule = config::Rule::NonEmpty,
     .documentation = "Fields of the value that make the key."},
    kReplaceNullWithDefault,
};

class ExtractField : public Transform {
  public:
    ExtractField(const config::Settings& settings, Side side)
        : name_(settings.text("field")),
          path_(FieldPath::of(settings, "field")),
          nulls_(nulls_of(settings)),
          side_(side) {}
    bool apply(Record& record, record::Arena& arena) override {
        auto& side = side_of(record, side_);
        if (!side.schema && side.value.is_null()) return true;
        const auto view = require_struct_or_null(side, "field extraction", arena);
        const SchemaPtr schema = path_.schema_in(side.schema);
        if (!schema) throw FatalError(format("Unknown field: {}", name_));
        const Value value = view ? path_.value_in(*view, nulls_) : Value();
        side = {schema, value};
        return true;
    }
    unsigned parts() const override { return part_of(side_); }

  private:
    const std::string name_;
    const FieldPath path_;
    const record::Nulls nulls_;
    const Side side_;
};

class HoistField : public Transform {
  public:
    HoistField(const config::Settings& settings, Side side) : field_(settings.text("field")), side_(side) {}
    bool apply(Record& record, record::Arena& arena) override {
        auto& side = side_of(record, side_);
        const auto fields = record::new_fields(1, arena);
        fields[0] = side.value;
        if (!side.schema) {  // a map without a schema
            const auto pair = record::new_fields(2, arena);
            pair[0] = Value::text(field_);
            pair[1] = side.value;
            side.value = Value::map(pair);
            return true;
        }
        const SchemaPtr to = plans_.get(side.schema, [&](const SchemaPtr& from) {
            return record::made({.type = record::Type::Struct, .fields = {{field_, from}}});
        });
        side = {to, Value::list(fields)};
        return true;
    }
    unsigned parts() const override { return part_of(side_); }

  private:
    const std::string field_;
    const Side side_;
    record::PlanCache<SchemaPtr> plans_;
};

class InsertField : public Transform {
  public:
    InsertField(const config::Settings& settings, Side side)
        : topic_(Spec::of(settings, "topic.field")),
          partition_(Spec::of(settings, "partition.field")),
          timestamp_(Spec::of(settings, "timestamp.field")),
          static_(Spec::of(settings, "static.field")),
          static_value_(settings.text("static.value")),
          nulls_(nulls_of(settings)),
          side_(side) {
        if (!topic_ && !partition_ && !timestamp_ && !static_)
            throw ConfigError("static.field", "No field insertion configured");
        if (static_ && !settings.has("static.value"))
            throw ConfigError("static.value",
                              format("Invalid value null for configuration static.value: No value specified for "
                                     "static field: {}",
                                     static_->name));
    }
    bool apply(Record& record, record::Arena& arena) override {
        auto& side = side_of(record, side_);
        if (side.value.is_null()) return true;
        const auto view = require_struct(side, "field insertion", arena);
        const SchemaPtr to = plans_.get(side.schema, [&](const SchemaPtr& from) { return schema_of(*from); });
        const auto fields = record::new_fields(to->fields.size(), arena);
        size_t at = 0;
        for (; at < view.size(); ++at) fields[at] = view.raw(at, nulls_);
        if (topic_) fields[at++] = Value::text(record.topic);
        if (partition_) fields[at++] = record.partition ? Value::integer(*record.partition) : Value();
        if (timestamp_) fields[at++] = record.timestamp_ms ? Value::integer(*record.timestamp_ms) : Value();
        if (static_) fields[at++] = Value::text(static_value_);
        for (size_t i = view.size(); i < at; ++i)
            if (fields[i].is_null() && !to->fields[i].schema->optional)
                throw FatalError(format("Invalid value: null used for required field: \"{}\"", to->fields[i].name));
        side = {to, Value::list(fields)};
        return true;
    }
    unsigned parts() const override { return kTopic | part_of(side_); }

  private:
    /// A field's name; with ! behind it is required.
    struct Spec {
        std::string name;
        bool optional = true;
        static std::optional<Spec> of(const config::Settings& settings, const std::string& property) {
            const auto text = settings.find(property);
            if (!text) return std::nullopt;
            if (text->ends_with('?')) return Spec{text->substr(0, text->size() - 1), true};
            if (text->ends_with('!')) return Spec{text->substr(0, text->size() - 1), false};
            return Spec{*text, true};
        }
    };
    SchemaPtr schema_of(const record::Schema& from) const {
        record::Schema to = record::basics_of(from);
        to.fields = from.fields;
        if (topic_) to.fields.push_back({topic_->name, record::plain(record::Type::String, topic_->optional)});
        if (partition_)
            to.fields.push_back({partition_->name, record::plain(record::Type::Int32, partition_->optional)});
        if (timestamp_)
            to.fields.push_back({timestamp_->name, record::logical(record::Type::Int64, std::string(record::kTimestamp),
                                                                   timestamp_->optional)});
        if (static_) to.fields.push_back({static_->name, record::plain(record::Type::String, static_->optional)});
        return record::made(std::move(to));
    }

    const std::optional<Spec> topic_, partition_, timestamp_, static_;
    const std::string static_value_;
    const record::Nulls nulls_;
    const Side side_;
    record::PlanCache<SchemaPtr> plans_;
};

class ReplaceField : public Transform {
  public:
    ReplaceField(const config::Settings& settings, Side side) : nulls_(nulls_of(settings)), side_(side) {
        for (auto& name : settings.list("exclude")) exclude_.insert(std::move(name));
        for (auto& name : settings.list("include")) include_.insert(std::move(name));
        for (const auto& mapping : settings.list("renames")) {
            const auto parts = split(mapping, ':');
            if (parts.size() != 2)
                throw ConfigError("renames",
                                  format("Invalid value {} for configuration renames: Invalid rename mapping: {}",
                                         settings.text("renames"), mapping));
            renames_[parts[0]] = parts[1];
        }
    }
    bool apply(Record& record, record::Arena& arena) override {
        auto& side = side_of(record, side_);
        if (side.value.is_null()) return true;
        const auto view = require_struct(side, "field replacement", arena);
        const auto& kept = plans_.get(side.schema, [&](const SchemaPtr& from) { return selection_of(*from); });
        side = kept.of(view, nulls_, arena);
        return true;
    }
    unsigned parts() const override { return part_of(side_); }

  private:
    FieldSelection selection_of(const record::Schema& from) const {
        FieldSelection kept = FieldSelection::filtered(from, [&](const record::Field& field) {
            return !exclude_.contains(field.name) && (include_.empty() || include_.contains(field.name));
        });
        if (renames_.empty()) return kept;
        record::Schema to = *kept.schema;
        for (auto& field : to.fields)
            if (const auto renamed = renames_.find(field.name); renamed != renames_.end()) field.name = renamed->second;
        kept.schema = record::made(std::move(to));
        return kept;
    }

    std::set<std::string> exclude_, include_;
    std::map<std::string, std::string> renames_;
    const record::Nulls nulls_;
    const Side side_;
    record::PlanCache<FieldSelection> plans_;
};

class ValueToKey : public Transform {
  public:
    explicit ValueToKey(const config::Settings& settings)
        : fields_(settings.list("fields")), nulls_(nulls_of(settings)) {}
    bool apply(Record& record, record::Arena& arena) override {
        const auto view = require_struct(record.value, "copying fields from value to key", arena);
        const auto& key = plans_.get(record.value.schema, [&](const SchemaPtr& from) { return selection_of(*from); });
        record.key = key.of(view, nulls_, arena);
        return true;
    }
    unsigned parts() const override { return kKey | kValue; }

  private:
    FieldSelection selection_of(const record::Schema& from) const {
        record::Schema to{.type = record::Type::Struct};
        FieldSelection key;
        for (const auto& name : fields_) {
            const auto at = from.index_of(name);
            if (!at) throw FatalError(format("Field does not exist: {}", name));
            to.fields.push_back(from.fields[*at]);
            key.from.push_back(*at);
        }
        key.schema = record::made(std::move(to));
        return key;
    }

    const std::vector<std::string> fields_;
    const record::Nulls nulls_;
    record::PlanCache<FieldSelection> plans_;
};

}  // namespace

const TransformType kExtractFieldKey{"org.apache.kafka.connect.transforms.ExtractField$Key", table_of<kExtractOptions>,
                                     make_side<ExtractField, Side::Key>};
const TransformType kExtractFieldValue{"org.apache.kafka.connect.transforms.ExtractField$Value",
                                       table_of<kExtractOptions>, make_side<ExtractField, Side::Value>};
const TransformType kHoistFieldKey{"org.apache.kafka.connect.transforms.HoistField$Key", table_of<kHoistOptions>,
                                   make_side<HoistField, Side::Key>};
const TransformType kHoistFieldValue{"org.apache.kafka.connect.transforms.HoistField$Value", table_of<kHoistOptions>,
                                     make_side<HoistField, Side::Value>};
const TransformType kInsertFieldKey{"org.apache.kafka.connect.transforms.InsertField$Key", table_of<kInsertOptions>,
                                    make_side<InsertField, Side::Key>};
const TransformType kInsertFieldValue{"org.apache.kafka.connect.transforms.InsertField$Value", table_of<kInsertOptions>,
                                      make_side<InsertField, Side::Value>};
const TransformType kReplaceFieldKey{"org.apache.kafka.connect.transforms.ReplaceField$Key", table_of<kReplaceOptions>,
                                     make_side<ReplaceField, Side::Key>};
const TransformType kReplaceFieldValue{"org.apache.kafka.connect.transforms.ReplaceField$Value",
                                       table_of<kReplaceOptions>, make_side<ReplaceField, Side::Value>};
const TransformType kValueToKey{"org.apache.kafka.connect.transforms.ValueToKey", table_of<kToKeyOptions>,
                                make_from<ValueToKey>};

}  // namespace millrace::transform
