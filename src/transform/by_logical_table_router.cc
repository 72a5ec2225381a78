#include <utility>

#include "base/log.h"
#include "events/name_adjustment.h"
#include "record/plan_cache.h"
#include "transform/options.h"
#include "transform/regex_router.h"
#include "transform/require.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

using record::Record;
using record::Schema;
using record::SchemaPtr;
using record::StructView;
using record::Value;

constexpr Property kOptions[] = {
    {.name = "topic.regex",
     .required = true,
     .documentation = "A Java regular expression for the topics of the physical tables."},
    {.name = "topic.replacement", .required = true, .documentation = "The logical table's topic."},
    {.name = "key.enforce.uniqueness",
     .type = OptionType::Boolean,
     .default_value = "true",
     .documentation = "Whether keys get a field that says which physical table they are of."},
    {.name = "key.field.regex",
     .documentation = "What of the topic's name tells the physical table; without it the whole name does."},
    {.name = "key.field.name",
     .default_value = "__dbz__physicalTableIdentifier",
     .documentation = "The name of that field."},
    {.name = "key.field.replacement", .documentation = "Its value, with $1 for groups of key.field.regex."},
    {.name = "schema.name.adjustment.mode",
     .default_value = "none",
     .allowed = "none, avro, avro_unicode",
     .documentation = "How the new schemas' names are adjusted."},
    {.name = "logical.table.cache.size",
     .type = OptionType::Int,
     .default_value = "16",
     .support = config::Support::NoEffect,
     .documentation = "Everything is remembered."},
};

/// io.debezium.transforms.ByLogicalTableRouter: the tables of a sharded one to one topic.
class ByLogicalTableRouter : public Transform {
  public:
    explicit ByLogicalTableRouter(const config::Settings& settings)
        : router_(regex_option(settings, "topic.regex"), settings.text("topic.replacement")),
          adds_field_(settings.boolean("key.enforce.uniqueness", true)),
          field_(settings.text("key.field.name")),
          names_(events::NameAdjustment::from(settings, events::NameAdjustment::Of::Schemas)) {
        if (settings.text("key.field.regex").empty()) return;
        if (settings.text("key.field.replacement").empty())
            throw ConfigError("key.field.replacement",
                              "key.field.replacement must be non-empty if key.field.regex is set.");
        tables_.emplace(regex_option(settings, "key.field.regex"), settings.text("key.field.replacement"));
    }

    bool apply(Record& record, record::Arena& arena) override {
        const auto& topic = router_.replaced(record.topic);
        if (!topic) return true;
        if (topic->empty()) {
            log::warn("transform",
                      format("topic.replacement makes an empty name of {}; the record stays there", record.topic));
            return true;
        }
        const std::string_view old_topic = std::exchange(record.topic, std::string_view(*topic));
        if (record.key.value.is_null())
            record.key = {};
        else
            change_key(record, old_topic, arena);
        if (!record.value.value.is_null() && is_envelope(record.value)) change_envelope(record, arena);
        return true;
    }
    unsigned parts() const override { return kTopic | kKey | kValue; }

  private:
    void change_key(Record& record, std::string_view old_topic, record::Arena& arena) {
        const StructView view = require_struct(record.key, "Updating schema", arena);
        const SchemaPtr to = keys_.get(record.key.schema, [&](const SchemaPtr& from) {
            Schema made = record::basics_of(*from);
            made.optional = from->optional;
            made.fields = from->fields;
            made.name = names_.apply(std::string(record.topic) + ".Key");
            if (adds_field_) made.fields.push_back({field_, record::plain(record::Type::String)});
            return record::made(std::move(made));
        });
        const auto fields = record::new_fields(to->fields.size(), arena);
        for (size_t i = 0; i < view.size(); ++i) fields[i] = view.raw(i);
        if (adds_field_) {
            std::string_view table = old_topic;
            if (tables_)
                if (const auto& name = tables_->replaced(old_topic)) table = *name;
            fields[view.size()] = Value::text(arena.copy(table));
        }
        record.key = {to, Value::list(fields)};
    }

    void change_envelope(Record& record, record::Arena& arena) {
        const StructView view(*record.value.schema, record.value.value, arena);
        const SchemaPtr to = envelopes_.get(record.value.schema, [&](const SchemaPtr& from) {
            const auto* before = from->field("before");
            if (before == nullptr) throw FatalError("The envelope has no field before");
            Schema row = *before->schema;
            row.default_json.reset();
            row.name = names_.apply(std::string(record.topic) + ".Value");
            const SchemaPtr row_schema = record::made(std::move(row));
            Schema made = record::basics_of(*from);
            made.optional = from->optional;
            made.name = names_.apply(std::string(record.topic) + ".Envelope");
            for (const auto& field : from->fields)
                made.fields.push_back(
                    {field.name, field.name == "before" || field.name == "after" ? row_schema : field.schema});
            return record::made(std::move(made));
        });
        record.value = {to, record.value.value};
        // The fields are the same ones, but defaults stand for nulls from here on.
        const auto fields = record::new_fields(view.size(), arena);
        for (size_t i = 0; i < view.size(); ++i) fields[i] = view.raw(i);
        for (const char* image : {"before", "after"}) {
            const auto at = to->index_of(image);
            if (!at || fields[*at].is_null()) continue;
            const StructView row(*to->fields[*at].schema, fields[*at], arena);
            const auto columns = record::new_fields(row.size(), arena);
            for (size_t i = 0; i < row.size(); ++i) columns[i] = row.raw(i);
            fields[*at] = Value::list(columns);
        }
        record.value.value = Value::list(fields);
    }

    RegexRouter router_;
    const bool adds_field_;
    const std::string field_;
    const events::NameAdjustment names_;
    std::optional<RegexRouter> tables_;
    record::PlanCache<SchemaPtr> keys_, envelopes_;
};

}  // namespace

const TransformType kByLogicalTableRouter{"io.debezium.transforms.ByLogicalTableRouter", table_of<kOptions>,
                                          make_from<ByLogicalTableRouter>};

}  // namespace millrace::transform
