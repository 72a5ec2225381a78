#include "source/mariadb/mariadb_source.h"

#include "source/binlog/binlog_properties.h"
#include "source/binlog/binlog_source.h"
#include "source/binlog/diagnosis.h"
#include "source/mariadb/mariadb_config.h"
#include "source/mariadb/mariadb_dialect.h"

namespace millrace::mariadb {

const engine::SourceType& source_type() {
    static const MariaDbDialect dialect;
    static const engine::SourceType type{
        "io.debezium.connector.mariadb.MariaDbConnector",
        "io.debezium.connector.mariadb.MariaDbConnectorTask",
        "3.5.0.Final",
        "MariaDB",
        "mariadb",
        &property_table(),
        [](const config::Settings& settings) { return binlog::check_settings(settings); },
        [](const config::Settings& settings) { return binlog::check_connection(dialect, settings); },
        [](engine::SourceContext context) { return binlog::make_source(dialect, std::move(context)); },
        binlog::offset_problem,
        [](const config::Settings& settings, const std::string& offset) {
            return binlog::diagnose(dialect, settings, offset);
        },
        [](const config::Settings& settings) { return binlog::data_topics(dialect, settings); },
    };
    return type;
}

}  // namespace millrace::mariadb
