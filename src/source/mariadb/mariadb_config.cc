#include "source/mariadb/mariadb_config.h"

#include "source/binlog/binlog_properties.h"

namespace millrace::mariadb {
namespace {

using config::Importance;
using config::OwnProperty;
using config::Rule;
using config::Support;
using config::Type;
using config::Width;

// clang-format off
constexpr OwnProperty kOwn[] = {
    {"database.ssl.truststore.password", {.name = "database.ssl.mode", .default_value = "disable", .importance = Importance::Medium, .group = "MariaDB", .width = Width::Medium, .display_name = "SSL mode", .allowed = "trust, disable, verify-ca, verify-full", .documentation = "Whether and how TLS is used."}},
    {"incremental.snapshot.allow.schema.changes", {.name = "snapshot.locking.mode", .default_value = "minimal", .group = "Connector", .display_name = "Snapshot locking mode", .rule = Rule::ValidName, .allowed = "minimal, custom, none, extended", .older = "minimal_at_least_once", .built = "minimal, none, extended, minimal_at_least_once", .documentation = "minimal: a lock, where one is needed at all, spans only \"find the position, open the view\"; extended: held until all rows are read; none: never lock."}},
    {"gtid.source.excludes", {.name = "sourceinfo.struct.maker", .type = Type::Class, .default_value = "io.debezium.connector.mariadb.MariaDbSourceInfoStructMaker", .group = "Events", .width = Width::Medium, .display_name = "Source info struct maker class", .support = Support::Refused, .documentation = "Names a Java class; events carry the source block of its default."}},
};
// clang-format on

}  // namespace

const config::PropertyTable& property_table() {
    static const config::PropertyTable table = binlog::property_table("MariaDB", kOwn);
    return table;
}

}  // namespace millrace::mariadb
