#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Each parser of foreign bytes, fed with whatever comes. They must neither crash nor hang nor read outside.
namespace millrace::fuzz {

void binlog_event(std::string_view bytes);   ///< Every event type; the first byte chooses it.
void packet_reader(std::string_view bytes);  ///< Headers, descriptions and what frames events.
void json_binary(std::string_view bytes);
void column_value(std::string_view bytes);  ///< Decimals, temporals and all other column types.
void ddl(std::string_view bytes);
void pgoutput(std::string_view bytes);  ///< Messages; texts of every form of value, the first byte chooses it.

}  // namespace millrace::fuzz
