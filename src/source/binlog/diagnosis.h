#pragma once

#include <string>
#include <vector>

#include "relational/table.h"
#include "source/binlog/dialect.h"
#include "source/engine/finding.h"

namespace millrace::binlog {

/// Examines the server that a connector is to read: whether it can be reached, its log's settings, the user's grants,
/// other replicas with the same server id, whether the include lists match anything, the clock, and whether the log
/// still reaches back to `offset` (the stored offset's JSON; empty: none).
std::vector<engine::Finding> diagnose(const Dialect& dialect, const config::Settings& settings,
                                      const std::string& offset);

/// The tables that the configuration captures, as the server has them now. Throws ServerError.
std::vector<relational::TableId> captured_tables(const Dialect& dialect, const config::Settings& settings);

/// The topics of the captured tables, and that of schema changes if it is published. Throws RetriableError.
std::vector<std::string> data_topics(const Dialect& dialect, const config::Settings& settings);

}  // namespace millrace::binlog
