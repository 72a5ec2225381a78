#pragma once

#include "config/property_table.h"

namespace millrace::postgres {

const config::PropertyTable& property_table();

/// What the table cannot check: lists, names and combinations of properties.
std::vector<config::Problem> check_settings(const config::Settings& settings);
/// Whether the server can be reached, by settings that are right in themselves.
std::vector<config::Problem> check_connection(const config::Settings& settings);

}  // namespace millrace::postgres
