#include "source/engine/record_options.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::engine {

ShapeSettings shape_settings(const SourceContext& context, events::ConnectorIdentity identity,
                             const relational::Namespaces& namespaces) {
    const auto& settings = context.settings;
    return {std::move(identity),
            context.key_json,
            context.value_json,
            events::TopicNaming(settings, namespaces),
            events::NameAdjustment::from(settings, events::NameAdjustment::Of::Schemas),
            events::NameAdjustment::from(settings, events::NameAdjustment::Of::Fields),
            relational::ColumnShaping(settings)};
}

ChangeWriter::Options change_writer_options(const SourceContext& context, events::ConnectorIdentity identity) {
    const auto& settings = context.settings;
    ChangeWriter::Options options;
    options.identity = std::move(identity);
    options.tombstones = settings.boolean("tombstones.on.delete", true);
    options.context_headers = settings.boolean("extended.headers.enabled", true);
    options.run_id = context.run_id;
    options.is_open = context.is_open;
    options.keeps_nulls = !context.value_json.replace_null_with_default;
    options.skip_unchanged = settings.boolean("skip.messages.without.change", false);
    options.figures = context.figures;
    options.skip_create = skips_operation(settings, "c");
    options.skip_update = skips_operation(settings, "u");
    options.skip_delete = skips_operation(settings, "d");
    return options;
}

std::map<std::string, std::string> select_overrides(const config::Settings& settings) {
    constexpr const char* kOverrides = "snapshot.select.statement.overrides";
    std::map<std::string, std::string> selects;
    for (const auto& table : settings.list(kOverrides)) {
        const std::string select = settings.text(format("{}.{}", kOverrides, table));
        if (select.empty())
            throw ConfigError(kOverrides,
                              format("The '{}' value is invalid: it names {}, but there is no property {}.{} "
                                     "with its SELECT",
                                     kOverrides, table, kOverrides, table));
        selects[table] = select;
    }
    return selects;
}

bool skips_operation(const config::Settings& settings, std::string_view operation) {
    for (const auto& skipped : settings.list("skipped.operations"))
        if (skipped == operation) return true;
    return false;
}

}  // namespace millrace::engine
