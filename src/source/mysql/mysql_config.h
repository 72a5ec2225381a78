#pragma once

#include "config/property_table.h"

namespace millrace::mysql {

/// Every property of io.debezium.connector.mysql.MySqlConnector, with Debezium's names and defaults.
const config::PropertyTable& property_table();

}  // namespace millrace::mysql
