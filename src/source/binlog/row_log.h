#pragma once

#include <string>

#include "source/binlog/connection.h"

namespace millrace::binlog {

/// What capture needs of the server's log, said before anything is read: that there is one, of rows. Warns of row
/// images that are not full. Throws FatalError, ServerError, RetriableError.
void require_row_log(const ConnectionOptions& options, const std::string& logger);

}  // namespace millrace::binlog
