#pragma once

#include <memory>
#include <optional>
#include <string>

#include "source/binlog/dialect.h"
#include "source/engine/source.h"

namespace millrace::binlog {

/// The MySQL or MariaDB connector: snapshot, then streaming. The dialect outlives every source.
std::unique_ptr<engine::Source> make_source(const Dialect& dialect, engine::SourceContext context);

/// See engine::SourceType::offset_problem.
std::optional<std::string> offset_problem(const std::string& partition, const std::string& offset);

}  // namespace millrace::binlog
