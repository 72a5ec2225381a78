#pragma once

#include "source/engine/source.h"

namespace millrace::postgres {

/// The connector io.debezium.connector.postgresql.PostgresConnector.
const engine::SourceType& source_type();

}  // namespace millrace::postgres
