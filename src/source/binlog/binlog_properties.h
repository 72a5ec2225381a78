#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "config/property_table.h"
#include "source/binlog/dialect.h"

namespace millrace::binlog {

/// The properties that the two connectors share, in the order and groups in which Debezium's list them, with those of
/// one of them put in. `title` names the group of the connection's properties: "MySQL".
config::PropertyTable property_table(std::string_view title, std::span<const config::OwnProperty> own);

/// What the table cannot check: lists, names, and combinations of properties, in Debezium's words.
std::vector<config::Problem> check_settings(const config::Settings& settings);

/// Whether the server can be reached, by settings that are right in themselves.
std::vector<config::Problem> check_connection(const Dialect& dialect, const config::Settings& settings);

}  // namespace millrace::binlog
