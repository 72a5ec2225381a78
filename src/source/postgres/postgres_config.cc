#include "source/postgres/postgres_config.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"
#include "events/topic_naming.h"
#include "relational/column_shaping.h"
#include "source/engine/column_reselection.h"
#include "source/engine/connector_properties.h"
#include "source/postgres/catalog.h"
#include "source/postgres/connection.h"
#include "source/postgres/value_modes.h"

namespace millrace::postgres {
namespace {

using config::Importance;
using config::OwnProperty;
using config::Rule;
using config::Support;
using config::Type;
using config::Width;

// clang-format off
constexpr OwnProperty kOwn[] = {
    {"database.hostname", {.name = "database.port", .type = Type::Int, .default_value = "5432", .importance = Importance::High, .group = "", .width = Width::Short, .display_name = "Port", .rule = Rule::TypeAgain, .documentation = "Port of the database server."}},
    {"database.port", {.name = "database.user", .importance = Importance::High, .group = "", .width = Width::Short, .display_name = "User", .required = true, .documentation = "User that the connector connects as; needs LOGIN, REPLICATION, SELECT on the captured tables, and for publications that it makes the ownership of those tables and CREATE on the database."}},
    {"database.password", {.name = "database.dbname", .importance = Importance::High, .group = "", .width = Width::Medium, .display_name = "Database", .required = true, .documentation = "The database whose changes are captured."}},
    {"database.initial.statements", {.name = "plugin.name", .default_value = "decoderbufs", .effective_default = "pgoutput", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "Plugin", .allowed = "pgoutput, decoderbufs", .documentation = "The output plugin of the slot: pgoutput, which every server has. decoderbufs is refused: make a second connector with plugin.name=pgoutput, another slot.name and snapshot.mode=no_data, and delete the first once the second streams."}},
    {"plugin.name", {.name = "slot.name", .default_value = "debezium", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "Slot", .documentation = "The replication slot; one connector's alone."}},
    {"slot.name", {.name = "publication.name", .default_value = "dbz_publication", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "Publication", .documentation = "The publication that the slot streams."}},
    {"publication.name", {.name = "publication.autocreate.mode", .default_value = "all_tables", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "Publication Auto Create Mode", .allowed = "no_tables, filtered, disabled, all_tables", .documentation = "What becomes of a publication that is missing: made for all tables, for the captured tables (filtered, which also keeps an existing one's tables as the filters say), for none, or refused (disabled)."}},
    {"publication.autocreate.mode", {.name = "replica.identity.autoset.values", .importance = Importance::Medium, .group = "", .width = Width::Long, .display_name = "Replica Identity Auto Set Values", .documentation = "TABLE:IDENTITY,… : tables (regular expressions) that get REPLICA IDENTITY FULL, DEFAULT, NOTHING or INDEX name at the start."}},
    {"replica.identity.autoset.values", {.name = "slot.drop.on.stop", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .group = "", .width = Width::Short, .display_name = "Drop slot on stop", .documentation = "Whether the slot is dropped when the connector stops; for tests: changes made while it is stopped are lost."}},
    {"slot.drop.on.stop", {.name = "slot.failover", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .group = "", .width = Width::Short, .display_name = "Failover slot", .documentation = "Whether a slot that is made is kept up to date on standbys (PostgreSQL 17 and later)."}},
    {"slot.failover", {.name = "slot.stream.params", .group = "", .width = Width::Long, .display_name = "Optional parameters to pass to the logical decoder when the stream is started.", .documentation = "Further options of the output plugin: name=value;name=value."}},
    {"slot.stream.params", {.name = "database.sslmode", .default_value = "prefer", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "SSL mode", .allowed = "disable, allow, prefer, require, verify-ca, verify-full", .documentation = "Whether and how TLS is used."}},
    {"database.sslmode", {.name = "database.sslcert", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "SSL Client Certificate", .documentation = "PEM file with the client certificate."}},
    {"database.sslcert", {.name = "database.sslpassword", .type = Type::Password, .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "SSL Client Key Password", .documentation = "Password of the client's key."}},
    {"database.sslpassword", {.name = "database.sslrootcert", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "SSL Root Certificate", .documentation = "PEM file with the certificates that the server's is checked against."}},
    {"database.sslrootcert", {.name = "database.sslkey", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "SSL Client Key", .documentation = "PEM file with the client's key."}},
    {"database.sslkey", {.name = "slot.max.retries", .type = Type::Int, .default_value = "6", .group = "", .width = Width::Medium, .display_name = "Retry count", .rule = Rule::NonNegativeInteger, .documentation = "How often to try to start streaming from a slot that another process holds."}},
    {"slot.max.retries", {.name = "slot.retry.delay.ms", .type = Type::Long, .default_value = "10000", .group = "", .width = Width::Medium, .display_name = "Retry delay", .rule = Rule::NonNegativeLong, .documentation = "How long to wait between those tries; the slot is taken as soon as it is free."}},
    {"slot.retry.delay.ms", {.name = "database.sslfactory", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "SSL Root Certificate", .support = Support::Refused, .documentation = "Names a Java class."}},
    {"database.sslfactory", {.name = "status.update.interval.ms", .type = Type::Int, .default_value = "10000", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "Status update interval (ms)", .rule = Rule::PositiveInteger, .documentation = "How often the server is told what it may forget."}},
    {"status.update.interval.ms", {.name = "lsn.flush.timeout.ms", .type = Type::Long, .default_value = "30000", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "LSN flush timeout (ms)", .support = Support::NoEffect, .documentation = "Telling the server takes no time that could run out."}},
    {"lsn.flush.timeout.ms", {.name = "lsn.flush.timeout.action", .default_value = "fail", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "LSN flush timeout action", .support = Support::NoEffect, .allowed = "fail, warn, ignore", .documentation = "Telling the server takes no time that could run out."}},
    {"lsn.flush.timeout.action", {.name = "database.tcpKeepAlive", .type = Type::Boolean, .default_value = "true", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "TCP keep-alive probe", .documentation = "Whether TCP looks for dead connections."}},
    {"database.tcpKeepAlive", {.name = "xmin.fetch.interval.ms", .type = Type::Long, .default_value = "0", .importance = Importance::Medium, .group = "", .width = Width::Medium, .display_name = "Xmin fetch interval (ms)", .rule = Rule::NonNegativeLong, .documentation = "How often the slot's xmin is looked up for source.xmin; 0: never."}},
    {"xmin.fetch.interval.ms", {.name = "lsn.flush.mode", .group = "", .width = Width::Medium, .display_name = "LSN flush mode", .allowed = "connector, manual, connector_and_driver", .documentation = "Who tells the server what it may forget: the connector, or nobody (manual)."}},
    {"lsn.flush.mode", {.name = "flush.lsn.source", .type = Type::Boolean, .default_value = "true", .group = "", .width = Width::Medium, .display_name = "Boolean to determine if Debezium should flush LSN in the source database", .documentation = "The former name of lsn.flush.mode: false is manual."}},
    {"streaming.delay.ms", {.name = "snapshot.mode", .default_value = "initial", .importance = Importance::Medium, .group = "Connector", .width = Width::Short, .display_name = "Snapshot mode", .allowed = "always, initial, no_data, initial_only, when_needed, configuration_based, never, custom", .built = "always, initial, no_data, initial_only, when_needed, configuration_based, never", .documentation = "What a start reads before it streams: rows when there is no offset (initial), at each start (always), without streaming afterwards (initial_only), when the slot has lost the offset (when_needed), or nothing (no_data, never)."}},
    {"snapshot.mode", {.name = "snapshot.isolation.mode", .default_value = "serializable", .group = "Connector", .width = Width::Short, .display_name = "Snapshot isolation mode", .support = Support::NoEffect, .allowed = "serializable, repeatable_read, read_committed, read_uncommitted", .documentation = "The rows are those of the slot's exported snapshot, or of one repeatable-read transaction, whatever is set."}},
    {"snapshot.isolation.mode", {.name = "snapshot.locking.mode", .default_value = "none", .group = "Connector", .width = Width::Short, .display_name = "Snapshot locking mode", .allowed = "none, shared, custom", .built = "none, shared", .documentation = "shared: the captured tables are held in ACCESS SHARE mode while their structure is read, which keeps DDL away."}},
    {"snapshot.locking.mode", {.name = "snapshot.locking.mode.custom.name", .importance = Importance::Medium, .group = "Connector", .width = Width::Medium, .display_name = "Snapshot Locking Mode Custom Name", .support = Support::Refused, .documentation = "Names a Java class."}},
    {"decimal.handling.mode", {.name = "snapshot.lock.timeout.ms", .type = Type::Long, .default_value = "10000", .importance = Importance::Medium, .group = "Connector", .width = Width::Long, .display_name = "Snapshot lock timeout (ms)", .documentation = "How long to wait for the locks of snapshot.locking.mode=shared."}},
    {"snapshot.lock.timeout.ms", {.name = "hstore.handling.mode", .default_value = "json", .group = "Connector", .width = Width::Medium, .display_name = "HStore Handling", .allowed = "json, map", .documentation = "Form of hstore columns."}},
    {"hstore.handling.mode", {.name = "interval.handling.mode", .default_value = "numeric", .group = "Connector", .width = Width::Medium, .display_name = "Interval Handling", .allowed = "numeric, string", .documentation = "Form of interval columns: microseconds, with months of 30.4375 days, or ISO 8601 text."}},
    {"interval.handling.mode", {.name = "time.precision.mode", .default_value = "adaptive", .importance = Importance::Medium, .group = "Connector", .width = Width::Short, .display_name = "The time precision mode to be used", .rule = Rule::TypeAgain, .allowed = "adaptive, adaptive_time_microseconds, isostring, microseconds, nanoseconds, connect", .documentation = "Form of date, time and timestamp."}},
    {"time.precision.mode", {.name = "schema.refresh.mode", .default_value = "columns_diff", .importance = Importance::Medium, .group = "Connector", .width = Width::Short, .display_name = "Schema refresh mode", .support = Support::NoEffect, .allowed = "columns_diff, columns_diff_exclude_unchanged_toast", .documentation = "A table's structure is read again when the log announces it."}},
    {"schema.refresh.mode", {.name = "unavailable.value.placeholder", .default_value = "__debezium_unavailable_value", .importance = Importance::Medium, .group = "Connector", .width = Width::Medium, .display_name = "Unavailable value placeholder", .documentation = "What stands for a value that was not changed and that the log does not hold, because it is stored out of line (TOAST); hex: before hexadecimal bytes."}},
    {"unavailable.value.placeholder", {.name = "message.prefix.include.list", .type = Type::List, .importance = Importance::Medium, .group = "Connector", .width = Width::Long, .display_name = "Include Logical Decoding Message Prefixes", .documentation = "Regular expressions of the prefixes of logical messages (pg_logical_emit_message) that are captured."}},
    {"message.prefix.include.list", {.name = "message.prefix.exclude.list", .type = Type::List, .importance = Importance::Medium, .group = "Connector", .width = Width::Long, .display_name = "Exclude Logical Decoding Message Prefixes", .documentation = "The same of those that are not."}},
    {"message.prefix.exclude.list", {.name = "publish.via.partition.root", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .group = "Connector", .width = Width::Short, .display_name = "Publish via partition root", .documentation = "Whether a publication that is made publishes changes of partitions as changes of the partitioned table."}},
    {"table.exclude.list", {.name = "schema.include.list", .type = Type::List, .importance = Importance::High, .group = "Events", .width = Width::Long, .display_name = "Include Schemas", .dependents = "table.include.list", .documentation = "Regular expressions of the schemas to capture."}},
    {"schema.include.list", {.name = "schema.exclude.list", .type = Type::List, .importance = Importance::Medium, .group = "Events", .width = Width::Long, .display_name = "Exclude Schemas", .documentation = "Regular expressions of the schemas not to capture."}},
    {"schema.exclude.list", {.name = "message.key.columns", .importance = Importance::Medium, .group = "Events", .width = Width::Long, .display_name = "Columns PK mapping", .documentation = "Columns that make up record keys: <table expression>:<column>,<column>;…"}},
    {"message.key.columns", {.name = "table.ignore.builtin", .type = Type::Boolean, .default_value = "true", .group = "Events", .width = Width::Short, .display_name = "Ignore system databases", .documentation = "Whether the server's own schemas are left out."}},
    {"table.ignore.builtin", {.name = "include.unknown.datatypes", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .group = "Events", .width = Width::Short, .display_name = "Include unknown datatypes", .documentation = "Whether values of types without a form of their own come as the bytes of their text; else their columns are left out."}},
    {"include.unknown.datatypes", {.name = "topic.naming.strategy", .type = Type::Class, .default_value = "io.debezium.schema.SchemaTopicNamingStrategy", .importance = Importance::Medium, .group = "Events", .width = Width::Medium, .display_name = "Topic naming strategy class", .documentation = "How topics are named: io.debezium.schema.Schema[Regex|Unicode]TopicNamingStrategy."}},
    {"topic.naming.strategy", {.name = "sourceinfo.struct.maker", .type = Type::Class, .default_value = "io.debezium.connector.postgresql.PostgresSourceInfoStructMaker", .group = "Events", .width = Width::Medium, .display_name = "Source info struct maker class", .support = Support::Refused, .documentation = "Names a Java class; events carry the source block of its default."}},
    {"source.version", {.name = "stream.open.transactions", .type = Type::Boolean, .default_value = "true", .group = "Millrace", .width = Width::Short, .display_name = "stream.open.transactions", .documentation = "Whether the server sends a large transaction while it is in progress (PostgreSQL 14 and newer, beyond logical_decoding_work_mem); it is kept here until it commits. Otherwise the server keeps it on its disk."}},
    {"stream.open.transactions", {.name = "stream.spill.bytes", .type = Type::Long, .default_value = "16777216", .group = "Millrace", .width = Width::Short, .display_name = "stream.spill.bytes", .rule = Rule::NonNegativeLong, .documentation = "How much of transactions in progress is kept in memory; what is beyond goes to files."}},
    {"stream.spill.bytes", {.name = "stream.spill.directory", .group = "Millrace", .width = Width::Long, .display_name = "stream.spill.directory", .documentation = "Where these files are; they have no names and are gone when the program ends. Empty: TMPDIR, or /var/tmp."}},
    {"", {.name = "legacy.snapshot.max.threads", .type = Type::Boolean, .default_value = "false", .group = "Connector", .support = Support::NoEffect, .documentation = "Ranges of one table are written in the order of its key, by however many threads they were read."}},
    {"", {.name = "statistics.metrics.enabled", .type = Type::Boolean, .default_value = "true", .importance = Importance::Medium, .group = "Connector", .support = Support::NoEffect, .documentation = "All metrics are always there."}},
    {"", {.name = "memory.management.schemas.class", .type = Type::Class, .default_value = "io.debezium.relational.ConcurrentMapTableMappingStorage", .group = "Connector", .support = Support::NoEffect, .documentation = "Names a Java class that keeps structures in memory."}},
    {"", {.name = "memory.management.tables.class", .type = Type::Class, .default_value = "io.debezium.relational.ConcurrentMapTableMappingStorage", .group = "Connector", .support = Support::NoEffect, .documentation = "Names a Java class that keeps structures in memory."}},
    {"", {.name = "converters", .group = "Events", .support = Support::Refused, .documentation = "There are no custom converters for PostgreSQL."}},
    {"", {.name = "include.schema.changes", .type = Type::Boolean, .default_value = "true", .group = "Events", .support = Support::NoEffect, .documentation = "PostgreSQL's log tells no DDL; there are no schema change events."}},
    {"", {.name = "snapshot.tables.order.by.row.count", .default_value = "disabled", .importance = Importance::Medium, .group = "Events", .display_name = "Initial snapshot tables order by row count", .support = Support::NoEffect, .allowed = "disabled, ascending, descending", .documentation = "Debezium does not count PostgreSQL's rows either; tables are read in the order of table.include.list."}},
    {"", {.name = "include.schema.comments", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .group = "Events", .width = Width::Short, .display_name = "Include Table and Column Comments", .support = Support::NoEffect, .documentation = "Comments on PostgreSQL's columns are not part of events, in Debezium either."}},
    {"", {.name = "money.fraction.digits", .type = Type::Int, .default_value = "2", .group = "Events", .rule = Rule::NonNegativeInteger, .documentation = "Scale of money columns with decimal.handling.mode=precise."}},
    {"", {.name = "read.only", .type = Type::Boolean, .default_value = "false", .group = "Connector", .documentation = "Whether incremental snapshots mark their windows by places in the log, without writing to the signal table."}},
    {"", {.name = "offset.mismatch.strategy", .default_value = "no_validation", .group = "Connector", .allowed = "no_validation, trust_offset, trust_slot, trust_greater_lsn", .documentation = "What to do when the slot has moved beyond the stored offset, so that changes in between cannot be had: trust_slot and trust_greater_lsn go on from the slot; else the task stops."}},
    {"", {.name = "topic.name.data", .group = "Millrace", .width = Width::Long, .display_name = "topic.name.data", .documentation = "Topic of a table's changes in place of topic.naming.strategy's: ${prefix}, ${database} (the schema) and ${table} are filled in."}},
};
// clang-format on

class SettingsCheck {
  public:
    explicit SettingsCheck(const config::Settings& settings) : settings_(settings) {}

    std::vector<config::Problem> run() {
        names();
        plugin();
        if (iequals(settings_.text("snapshot.mode"), "exported"))
            complain("snapshot.mode", "exported is how every snapshot is read now; use initial");
        attempt([&] { relational::Filters filters(settings_, kSchemas); });
        attempt([&] { relational::KeyColumns keys(settings_); });
        attempt([&] { events::TopicNaming naming(settings_, kSchemas); });
        attempt([&] { relational::ColumnShaping shaping(settings_); });
        attempt([&] { static_cast<void>(ValueModes::from(settings_)); });
        attempt([&] { engine::ColumnReselection reselection(settings_); });
        return std::move(problems_);
    }

  private:
    void complain(const std::string& property, const std::string& what) {
        problems_.push_back({property, format("The '{}' value is invalid: {}", property, what)});
    }
    template <typename Look>
    void attempt(Look&& look) {
        try {
            look();
        } catch (const ConfigError& fault) {
            for (const auto& line : split(fault.what(), '\n')) problems_.push_back({fault.property(), line});
        }
    }

    void names() {
        const std::string prefix = settings_.text("topic.prefix");
        const bool is_valid = std::all_of(prefix.begin(), prefix.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                   c == '-';
        });
        if (!is_valid)
            complain("topic.prefix", prefix +
                                         " has invalid format (only the underscore, hyphen, dot and alphanumeric "
                                         "characters are allowed)");
        const std::string slot = settings_.text("slot.name", "debezium");
        const bool is_slot = !slot.empty() && slot.size() <= 63 && std::all_of(slot.begin(), slot.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        });
        if (!is_slot)
            complain("slot.name", slot + " is no name of a replication slot (a-z, 0-9 and _, at most 63 characters)");
    }

    void plugin() {
        const std::string name = lower(settings_.text("plugin.name"));
        if (name == "decoderbufs" || name.starts_with("wal2json"))
            complain(
                "plugin.name",
                name +
                    " is not supported; use pgoutput, which every server has. To move over without a gap: "
                    "make a second connector with plugin.name=pgoutput, another slot.name and snapshot.mode=no_data, "
                    "and delete the first once the second streams");
    }

    const config::Settings& settings_;
    std::vector<config::Problem> problems_;
};

}  // namespace

const config::PropertyTable& property_table() {
    static const config::PropertyTable table = engine::property_table("Postgres", kOwn);
    return table;
}

std::vector<config::Problem> check_settings(const config::Settings& settings) {
    return SettingsCheck(settings).run();
}

std::vector<config::Problem> check_connection(const config::Settings& settings) {
    try {
        Connection connection(ConnectionOptions::from(settings));
        return {};
    } catch (const std::exception& fault) {
        return {{"database.hostname", format("Error while validating connector config: {}", fault.what())}};
    }
}

}  // namespace millrace::postgres
