#pragma once

#include "source/engine/change_writer.h"
#include "source/engine/source.h"

/// What a task's settings say of its records.
namespace millrace::engine {

ShapeSettings shape_settings(const SourceContext& context, events::ConnectorIdentity identity);

/// But for `transactions` and `topic_used`.
ChangeWriter::Options change_writer_options(const SourceContext& context, events::ConnectorIdentity identity);

/// skipped.operations; `operation` is c, u, d or t.
bool skips_operation(const config::Settings& settings, std::string_view operation);

}  // namespace millrace::engine
