#include <algorithm>
#include <map>

#include "base/json_text.h"
#include "record/plan_cache.h"
#include "transform/field_reference.h"
#include "transform/field_selection.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/transform_types.h"

namespace millrace::transform {

namespace {

using record::Nulls;
using record::Record;
using record::Schema;
using record::SchemaPtr;
using record::StructView;
using record::Value;

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
          fields_(FieldReference::list(settings.text("add.fields"), settings.text("add.fields.prefix"), "add.fields")),
          headers_(
              FieldReference::list(settings.text("add.headers"), settings.text("add.headers.prefix"), "add.headers")),
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
        FieldReader reader(envelope);
        for (size_t i = 0; i < headers_.size(); ++i)
            if (plan.headers[i])
                record.add_header_in_place(headers_[i].new_name(),
                                           {plan.headers[i]->schema, reader.read(*plan.headers[i])});
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
    /// One of fields_ that the envelope has.
    struct Added {
        FieldReference::Place place;
        std::string name;  ///< With comma, quotes and colon.
    };
    struct Plan {
        size_t before = 0, after = 0;
        SchemaPtr row;            ///< As the envelope has it: optional.
        bool is_spliced = false;  ///< Its text is taken as it is, with what is added behind it.
        SchemaPtr rewritten;      ///< What is written of it.
        std::vector<Added> added;
        std::vector<std::optional<FieldReference::Place>> headers;  ///< Of headers_, as the envelope has them.
    };
    static constexpr size_t kDropsMax = 1000;
    using Drops = std::map<std::vector<std::string>, FieldSelection>;  ///< By the names that a header lists.
    static std::string member(const std::string& name) {
        std::string text = ",";
        json_text::append_string(text, name);
        return text + ":";
    }
    Nulls row_nulls() const { return rewrites() ? nulls_ : Nulls::AsTheyAre; }
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
        for (const auto& reference : fields_) {
            auto place = reference.place_in(envelope);
            if (!place) continue;
            to.fields.push_back({reference.new_name(), place->schema});
            plan.added.push_back({std::move(*place), member(reference.new_name())});
        }
        plan.rewritten = record::made(std::move(to));
        const auto has_default = [](const record::Field& field) { return field.schema->default_json.has_value(); };
        const bool replaces_nulls = row_nulls() == Nulls::AsDefault &&
                                    std::any_of(plan.row->fields.begin(), plan.row->fields.end(), has_default);
        plan.is_spliced = !replaces_nulls && !plan.row->fields.empty();
        for (const auto& reference : headers_) plan.headers.push_back(reference.place_in(envelope));
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
               record::Arena& arena) {
        FieldReader reader(envelope);
        const Value raw = envelope.raw(image);
        added_.clear();
        for (const auto& one : plan.added) added_.push_back(reader.read(one.place));
        const auto is_text = [](const Value& value) { return value.is_null() || value.is(Value::Kind::Json); };
        if (plan.is_spliced && raw.is(Value::Kind::Json) && std::all_of(added_.begin(), added_.end(), is_text)) {
            record.value = {plan.rewritten, splice(plan, raw.json(), deleted, arena)};
            return;
        }
        const StructView row(*plan.row, raw, arena);
        const auto fields = record::new_fields(plan.rewritten->fields.size(), arena);
        size_t at = 0;
        for (; at < row.size(); ++at) fields[at] = row.raw(at, row_nulls());
        if (rewrites()) fields[at++] = Value::text(deleted);
        std::copy(added_.begin(), added_.end(), fields.begin() + static_cast<std::ptrdiff_t>(at));
        record.value = {plan.rewritten, Value::list(fields)};
    }
    /// The row's text with the texts of added_ behind its fields: nobody has to look through it.
    Value splice(const Plan& plan, std::string_view row, std::string_view deleted, record::Arena& arena) {
        text_of_row_.assign(row.substr(0, row.size() - 1));
        if (rewrites()) {
            text_of_row_ += ",\"__deleted\":\"";
            text_of_row_ += deleted;
            text_of_row_ += '"';
        }
        for (size_t i = 0; i < added_.size(); ++i) {
            text_of_row_ += plan.added[i].name;
            text_of_row_ += added_[i].is_null() ? "null" : added_[i].json();
        }
        text_of_row_ += '}';
        return Value::json(arena.copy(text_of_row_));
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
    std::vector<Value> added_;  ///< Of the record at hand: those of its plan's fields.
    std::string text_of_row_;   ///< Used again.
    const SchemaPtr text_ = record::plain(record::Type::String);
    record::PlanCache<Plan> plans_;
    record::PlanCache<Drops> drops_;
};

}  // namespace

const TransformType kExtractNewRecordState{"io.debezium.transforms.ExtractNewRecordState", table_of<kOptions>,
                                           make_from<ExtractNewRecordState>};

}  // namespace millrace::transform
