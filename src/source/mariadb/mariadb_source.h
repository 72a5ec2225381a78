#pragma once

#include "source/engine/source.h"

namespace millrace::mariadb {

/// The connector class io.debezium.connector.mariadb.MariaDbConnector.
const engine::SourceType& source_type();

}  // namespace millrace::mariadb
