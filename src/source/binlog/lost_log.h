#pragma once

#include <optional>
#include <string>

#include "base/errors.h"
#include "source/binlog/binlog_offset.h"
#include "source/binlog/connection.h"

namespace millrace::binlog {

/// What to say where the server no longer has the log behind the offset: what was wanted, the first that is still
/// there, and the choices. `cause` is how it showed. Throws RetriableError if the server cannot be asked.
FatalError lost_log(Connection& connection, const BinlogOffset& offset, const std::string& cause);

/// Why the server no longer has the log from this place on, if so. Throws ServerError.
std::optional<std::string> lost_since(Connection& connection, ddl::Server server, const BinlogOffset& offset);

}  // namespace millrace::binlog
