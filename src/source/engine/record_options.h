#pragma once

#include <map>
#include <string>

#include "source/engine/change_writer.h"
#include "source/engine/source.h"

/// What a task's settings say of its records.
namespace millrace::engine {

ShapeSettings shape_settings(const SourceContext& context, events::ConnectorIdentity identity,
                             const relational::Namespaces& namespaces);

/// But for `transactions` and `topic_used`.
ChangeWriter::Options change_writer_options(const SourceContext& context, events::ConnectorIdentity identity);

/// skipped.operations; `operation` is c, u, d or t.
bool skips_operation(const config::Settings& settings, std::string_view operation);

/// snapshot.select.statement.overrides: SELECTs by "database.table". Throws ConfigError.
std::map<std::string, std::string> select_overrides(const config::Settings& settings);

}  // namespace millrace::engine
