#pragma once

#include "relational/filters.h"

namespace millrace::binlog {

/// Databases of the server itself, which are captured only with table.ignore.builtin=false.
bool is_builtin_database(std::string_view database);

/// MySQL's and MariaDB's tables live in databases.
constexpr relational::Namespaces kDatabases{"database", &is_builtin_database};

}  // namespace millrace::binlog
