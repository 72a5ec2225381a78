#include "source/mysql/mysql_config.h"

#include "source/binlog/binlog_properties.h"

namespace millrace::mysql {
namespace {

using config::Importance;
using config::OwnProperty;
using config::Rule;
using config::Support;
using config::Type;
using config::Width;

// clang-format off
constexpr OwnProperty kOwn[] = {
    {"database.ssl.truststore.password", {.name = "database.jdbc.driver", .type = Type::Class, .default_value = "com.mysql.cj.jdbc.Driver", .group = "MySQL", .width = Width::Medium, .display_name = "JDBC Driver Class Name", .support = Support::NoEffect, .rule = Rule::TypeAgain, .documentation = "There is no JDBC driver; the server's own protocol is spoken."}},
    {"database.jdbc.driver", {.name = "database.protocol", .default_value = "jdbc:mysql", .group = "MySQL", .width = Width::Medium, .display_name = "JDBC Protocol", .support = Support::NoEffect, .documentation = "There is no JDBC driver; the server's own protocol is spoken."}},
    {"database.protocol", {.name = "database.ssl.mode", .default_value = "preferred", .importance = Importance::Medium, .group = "MySQL", .width = Width::Medium, .display_name = "SSL mode", .allowed = "verify_identity, disabled, preferred, required, verify_ca", .documentation = "Whether and how TLS is used."}},
    {"incremental.snapshot.allow.schema.changes", {.name = "snapshot.locking.mode", .default_value = "minimal", .group = "Connector", .width = Width::Short, .display_name = "Snapshot locking mode", .rule = Rule::ValidName, .allowed = "minimal, minimal_percona, custom, none, minimal_percona_no_table_locks, extended", .older = "minimal_at_least_once", .built = "minimal, minimal_percona, none, minimal_percona_no_table_locks, extended, minimal_at_least_once", .documentation = "minimal: a lock, where one is needed at all, spans only \"find the position, open the view\"; extended: held until all rows are read; none: never lock."}},
    {"gtid.source.excludes", {.name = "sourceinfo.struct.maker", .type = Type::Class, .default_value = "io.debezium.connector.mysql.MySqlSourceInfoStructMaker", .group = "Events", .width = Width::Medium, .display_name = "Source info struct maker class", .support = Support::Refused, .documentation = "Names a Java class; events carry the source block of its default."}},
    {"", {.name = "legacy.snapshot.max.threads", .type = Type::Boolean, .default_value = "false", .group = "Connector", .support = Support::NoEffect, .documentation = "Ranges of one table are written in the order of its key, by however many threads they were read."}},
    {"", {.name = "statistics.metrics.enabled", .type = Type::Boolean, .default_value = "true", .importance = Importance::Medium, .group = "Connector", .support = Support::NoEffect, .documentation = "All metrics are always there."}},
    {"", {.name = "memory.management.schemas.class", .type = Type::Class, .default_value = "io.debezium.relational.ConcurrentMapTableMappingStorage", .group = "Connector", .support = Support::NoEffect, .documentation = "Names a Java class that keeps structures in memory."}},
    {"", {.name = "memory.management.tables.class", .type = Type::Class, .default_value = "io.debezium.relational.ConcurrentMapTableMappingStorage", .group = "Connector", .support = Support::NoEffect, .documentation = "Names a Java class that keeps structures in memory."}},
    {"", {.name = "ddl.parser.type", .default_value = "default", .group = "Connector", .support = Support::NoEffect, .allowed = "default, legacy", .documentation = "There is one parser of DDL."}},
    {"", {.name = "gtid.ignore.on.recovery", .type = Type::Boolean, .default_value = "false", .group = "Events", .support = Support::Refused, .documentation = "GTIDs that were recorded are always used."}},
};
// clang-format on

}  // namespace

const config::PropertyTable& property_table() {
    static const config::PropertyTable table = binlog::property_table("MySQL", kOwn);
    return table;
}

}  // namespace millrace::mysql
