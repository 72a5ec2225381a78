#pragma once

#include "source/engine/source.h"

namespace millrace::mysql {

/// The connector class io.debezium.connector.mysql.MySqlConnector.
const engine::SourceType& source_type();

}  // namespace millrace::mysql
