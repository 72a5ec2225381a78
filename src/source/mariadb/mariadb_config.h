#pragma once

#include "config/property_table.h"

namespace millrace::mariadb {

/// Every property of io.debezium.connector.mariadb.MariaDbConnector, with Debezium's names and defaults.
const config::PropertyTable& property_table();

}  // namespace millrace::mariadb
