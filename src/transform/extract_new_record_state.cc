#include <algorithm>
#include <map>

#include "record/plan_cache.h"
#include "transform/field_reference.h"
#include "transform/field_selection.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/transform_types.h"

namespace millrace::transform {

using record::Nulls;
using record::Record;
using record::Schema;
using record::SchemaPtr;
using record::StructView;
using record::Value;

std::vector<FieldReference> FieldReference::list(const std::string& text, const std::string& prefix,
                                                 const std::string& property) {
    std::vector<FieldReference> all;
    for (const auto& item : split_list(text)) {
        const auto parts = split(item, ':');
        if (parts.size() > 2)
            throw ConfigError(property, format("Invalid value {} for configuration {}: Unexpected field name: {}", text,
                                               property, item));
        const auto path = split(parts[0], '.');
        FieldReference made;
        made.field_ = path.size() == 1 ? path[0] : path[1];
        const auto& name = made.field_;
        if (path.size() > 1)
            made.parent_ = path[0];
        else if (name == "id" || name == "total_order" || name == "data_collection_order")
            made.parent_ = "transaction";
        else if (name != "op" && name != "ts_ms" && name != "ts_us" && name != "ts_ns")
            made.parent_ = name == "updateDescription" ? name : "source";
        if (parts.size() == 2)
            made.new_name_ = prefix + parts[1];
        else
            made.new_name_ = prefix + (path.size() == 1 ? name : format("{}_{}", made.parent_, name));
        all.push_back(std::move(made));
    }
    return all;
}

SchemaPtr FieldReference::schema_in(const Schema& envelope) const {
    const Schema* parent = &envelope;
    if (!parent_.empty()) {
        const auto* holder = envelope.field(parent_);
        if (holder == nullptr)
            throw FatalError(format("The envelope has no field {}, which add.fields or add.headers names", parent_));
        parent = holder->schema.get();
    }
    const auto* field = parent->field(field_);
    if (field == nullptr) field = envelope.field(field_);
    if (field == nullptr) return nullptr;
    Schema made = record::basics_of(*field->schema);
    made.fields = field->schema->fields;
    made.optional = true;
    return record::made(std::move(made));
}

Value FieldReference::value_in(const StructView& envelope) const {
    if (parent_.empty()) return envelope.get(field_, Nulls::AsTheyAre);
    const auto parent = envelope.inner(parent_, Nulls::AsTheyAre);
    if (!parent) return {};
    return parent->schema().field(field_) != nullptr ? parent->get(field_, Nulls::AsTheyAre)
                                                     : envelope.get(field_, Nulls::AsTheyAre);
}

namespace {

constexpr Property kOptions[] = {
    {.name = "delete.tombstone.handling.mode",
     .default_value = "tombstone",
     .importance = Importance::Medium,
     .allowed = "drop, tombstone, rewrite, rewrite-with-tombstone, delete-to-tombstone",
     .ignores_case = true,
     .documentation = "What becomes of deletes and their tombstones."},
    {.name = "route.by.field", .default_value = "", .documentation = "The column whose value is the record's topic."},
    {.name = "add.fields.prefix", .default_value = "__", .documentation = "Prefix of the names of added fields."},
    {.name = "add.fields",
     .type = OptionType::List,
     .default_value = "",
     .documentation = "Fields of the envelope that are added to the row: op, source.ts_ms, before.v:name."},
    {.name = "add.headers.prefix", .default_value = "__", .documentation = "Prefix of the names of added headers."},
    {.name = "add.headers",
     .type = OptionType::List,
     .default_value = "",
     .documentation = "Fields of the envelope that become headers."},
    {.name = "drop.fields.header.name",
     .default_value = "",
     .documentation = "The header that lists fields to be left out."},
    {.name = "drop.fields.from.key",
     .type = OptionType::Boolean,
     .default_value = "false",
     .documentation = "Whether they are left out of the key too."},
    {.name = "drop.fields.keep.schema.compatible",
     .type = OptionType::Boolean,
     .default_value = "true",
     .documentation = "Whether only optional fields are left out."},
    {.name = "replace.null.with.default",
     .type = OptionType::Boolean,
     .default_value = "true",
     .documentation = "Whether the modes that rewrite put a column's default for a null."},
};

enum class Deletes { Drop, Tombstone, Rewrite, RewriteWithTombstone, ToTombstone };

Deletes deletes_of(const std::string& mode) {
    if (iequals(mode, "drop")) return Deletes::Drop;
    if (iequals(mode, "rewrite")) return Deletes::Rewrite;
    if (iequals(mode, "rewrite-with-tombstone")) return Deletes::RewriteWithTombstone;
    return iequals(mode, "delete-to-tombstone") ? Deletes::ToTombstone : Deletes::Tombstone;
}

/// io.debezium.transforms.ExtractNewRecordState: of a change event only the row.
class ExtractNewRecordState : public Transform {
  public:
    explicit ExtractNewRecordState(const config::Settings& settings)
        : deletes_(deletes_of(settings.text("delete.tombstone.handling.mode"))),
          route_by_(settings.text("route.by.field")),
          fields_(
              FieldReference::list(settings.text("add.fields"), prefix(settings, "add.fields.prefix"), "add.fields")),
          headers_(FieldReference::list(settings.text("add.headers"), prefix(settings, "add.headers.prefix"),
                                        "add.headers")),
          drop_header_(settings.text("drop.fields.header.name")),
          drops_from_key_(settings.boolean("drop.fields.from.key")),
          drops_optional_only_(settings.boolean("drop.fields.keep.schema.compatible", true)),
          nulls_(nulls_of(settings)) {}

    bool apply(Record& record, record::Arena& arena) override {
        const bool is_tombstone = record.value.value.is_null();
        const bool is_change = is_envelope(record.value);
        if (!is_change && !is_tombstone) return true;
        if (is_tombstone) {
            for (const auto& reference : headers_)
                if (reference.is_operation())
                    record.add_header_in_place(reference.new_name(), {text_, Value::text("d")});
            return deletes_ == Deletes::RewriteWithTombstone;
        }
        const StructView envelope = require_struct(record.value, "source field insertion", arena);
        const Plan& plan = plans_.get(record.value.schema, [&](const SchemaPtr& from) { return plan_of(*from); });
        for (size_t i = 0; i < headers_.size(); ++i)
            if (plan.headers[i])
                record.add_header_in_place(headers_[i].new_name(), {plan.headers[i], headers_[i].value_in(envelope)});
        const Value before = envelope.raw(plan.before), after = envelope.raw(plan.after);
        if (before.is_null() && after.is_null()) return false;  // a TRUNCATE
        return after.is_null() ? remove(record, envelope, plan, arena) : change(record, envelope, plan, arena);
    }
    unsigned parts() const override {
        unsigned parts = kValue;
        if (!route_by_.empty()) parts |= kTopic;
        if (!headers_.empty() || !drop_header_.empty()) parts |= kHeaders;
        if (drops_from_key_) parts |= kKey;
        return parts;
    }

  private:
    struct Plan {
        size_t before = 0, after = 0;
        SchemaPtr row;                   ///< As the envelope has it: optional.
        SchemaPtr rewritten;             ///< What is written of it.
        std::vector<size_t> added;       ///< Of fields_: those that the envelope has.
        std::vector<SchemaPtr> headers;  ///< Of headers_; nullptr: the envelope has no such field.
    };
    static std::string prefix(const config::Settings& settings, const std::string& name) { return settings.text(name); }
    static constexpr size_t kDropsMax = 1000;
    using Drops = std::map<std::vector<std::string>, FieldSelection>;  ///< By the names that a header lists.
    bool rewrites() const { return deletes_ == Deletes::Rewrite || deletes_ == Deletes::RewriteWithTombstone; }

    Plan plan_of(const Schema& envelope) const {
        Plan plan;
        const auto before = envelope.index_of("before"), after = envelope.index_of("after");
        if (!before || !after) throw FatalError("Unknown field: after");
        plan.before = *before;
        plan.after = *after;
        plan.row = envelope.fields[*after].schema;
        Schema to = record::basics_of(*plan.row);
        to.fields = plan.row->fields;
        if (rewrites()) to.fields.push_back({"__deleted", record::plain(record::Type::String, true)});
        for (size_t i = 0; i < fields_.size(); ++i) {
            auto schema = fields_[i].schema_in(envelope);
            if (!schema) continue;
            to.fields.push_back({fields_[i].new_name(), std::move(schema)});
            plan.added.push_back(i);
        }
        plan.rewritten = record::made(std::move(to));
        for (const auto& reference : headers_) plan.headers.push_back(reference.schema_in(envelope));
        return plan;
    }

    void route(Record& record, const StructView& envelope, const Plan& plan, size_t image, record::Arena& arena) const {
        if (route_by_.empty()) return;
        const StructView row(*plan.row, envelope.raw(image), arena);
        const auto at = plan.row->index_of(route_by_);
        if (!at) throw FatalError(format("{} is not a valid field name (route.by.field)", route_by_));
        if (plan.row->fields[*at].schema->type != record::Type::String)
            throw FatalError(format("Field '{}' is not of type STRING (route.by.field)", route_by_));
        const Value topic = row.get(*at, Nulls::AsTheyAre);
        if (!topic.is_null() && !trimmed(topic.text()).empty()) record.topic = topic.text();
    }

    /// The row of `image` with what is added to it.
    void write(Record& record, const StructView& envelope, const Plan& plan, size_t image, std::string_view deleted,
               record::Arena& arena) const {
        const StructView row(*plan.row, envelope.raw(image), arena);
        const auto fields = record::new_fields(plan.rewritten->fields.size(), arena);
        size_t at = 0;
        const Nulls nulls = rewrites() ? nulls_ : Nulls::AsTheyAre;
        for (; at < row.size(); ++at) fields[at] = row.raw(at, nulls);
        if (rewrites()) fields[at++] = Value::text(deleted);
        for (const size_t i : plan.added) fields[at++] = fields_[i].value_in(envelope);
        record.value = {plan.rewritten, Value::list(fields)};
    }

    bool change(Record& record, const StructView& envelope, const Plan& plan, record::Arena& arena) {
        route(record, envelope, plan, plan.after, arena);
        const bool is_copied = fields_.empty() && !rewrites();
        if (is_copied)
            record.value = {plan.rewritten, envelope.raw(plan.after)};  // the row as it is
        else
            write(record, envelope, plan, plan.after, "false", arena);
        drop_fields(record, arena);
        return true;
    }

    bool remove(Record& record, const StructView& envelope, const Plan& plan, record::Arena& arena) {
        if (deletes_ == Deletes::Drop) return false;
        route(record, envelope, plan, plan.before, arena);
        if (deletes_ == Deletes::Tombstone) {
            record.value = {plan.row, Value()};
        } else if (deletes_ == Deletes::ToTombstone) {
            record.value = {};
        } else {
            write(record, envelope, plan, plan.before, "true", arena);
            drop_fields(record, arena);
        }
        return true;
    }

    /// What drop.fields.header.name lists.
    void drop_fields(Record& record, record::Arena& arena) {
        if (drop_header_.empty()) return;
        const auto found = std::find_if(record.headers.begin(), record.headers.end(),
                                        [&](const auto& header) { return header.name == drop_header_; });
        if (found == record.headers.end() || found->content.value.is_null()) return;
        if (!found->content.schema || found->content.schema->type != record::Type::Array)
            throw FatalError(format("The header {} is no list of fields", drop_header_));
        std::vector<std::string> names;
        const Value list = record::opened_whole(*found->content.schema, found->content.value, arena);
        for (const auto& name : list.children()) names.emplace_back(name.text());
        if (drops_from_key_ && !record.key.value.is_null()) drop(record.key, names, arena);
        drop(record.value, names, arena);
    }
    void drop(record::SchemaAndValue& side, const std::vector<std::string>& names, record::Arena& arena) {
        const StructView view = require_struct(side, "field replacement", arena);
        auto& by_names = drops_.get(side.schema, [](const SchemaPtr&) { return Drops(); });
        auto found = by_names.find(names);
        if (found == by_names.end()) {
            if (by_names.size() >= kDropsMax) by_names.clear();
            const auto is_kept = [&](const record::Field& field) {
                const bool is_named = std::find(names.begin(), names.end(), field.name) != names.end();
                return !is_named || (drops_optional_only_ && !field.schema->optional);
            };
            found = by_names.emplace(names, FieldSelection::filtered(*side.schema, is_kept)).first;
        }
        if (found->second.from.size() != view.size()) side = found->second.of(view, Nulls::AsDefault, arena);
    }

    const Deletes deletes_;
    const std::string route_by_;
    const std::vector<FieldReference> fields_, headers_;
    const std::string drop_header_;
    const bool drops_from_key_, drops_optional_only_;
    const Nulls nulls_;
    const SchemaPtr text_ = record::plain(record::Type::String);
    record::PlanCache<Plan> plans_;
    record::PlanCache<Drops> drops_;
};

}  // namespace

const TransformType kExtractNewRecordState{"io.debezium.transforms.ExtractNewRecordState", table_of<kOptions>,
                                           make_from<ExtractNewRecordState>};

}  // namespace millrace::transform
