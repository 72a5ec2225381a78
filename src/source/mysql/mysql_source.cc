#include "source/mysql/mysql_source.h"

#include "source/binlog/binlog_properties.h"
#include "source/binlog/binlog_source.h"
#include "source/binlog/diagnosis.h"
#include "source/mysql/mysql_config.h"
#include "source/mysql/mysql_dialect.h"

namespace millrace::mysql {

const engine::SourceType& source_type() {
    static const MySqlDialect dialect;
    static const engine::SourceType type{
        "io.debezium.connector.mysql.MySqlConnector",
        "io.debezium.connector.mysql.MySqlConnectorTask",
        "3.5.0.Final",
        "MySQL",
        "mysql",
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

}  // namespace millrace::mysql
