#pragma once

#include <map>
#include <optional>
#include <string>

#include "relational/table.h"

namespace millrace::binlog::ddl {

/// What is known of a server's structure at a place in its log: tables and the character sets that new tables
/// and columns inherit.
struct Catalog {
    relational::Tables tables;
    std::map<std::string, std::string> database_charsets;
    std::string server_charset = "utf8mb4";

    std::string charset_of(const std::string& database) const {
        const auto found = database_charsets.find(database);
        return found == database_charsets.end() ? server_charset : found->second;
    }
};

}  // namespace millrace::binlog::ddl
