#include "source/binlog/databases.h"

#include "base/text.h"

namespace millrace::binlog {

bool is_builtin_database(std::string_view database) {
    return iequals(database, "mysql") || iequals(database, "sys") || iequals(database, "performance_schema") ||
           iequals(database, "information_schema");
}

}  // namespace millrace::binlog
