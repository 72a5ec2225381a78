#include "source/binlog/task_options.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"
#include "source/binlog/databases.h"
#include "source/engine/record_options.h"

namespace millrace::binlog {
namespace {

constexpr const char* kHistoryTopic = "schema.history.internal.kafka.topic";

PlanSettings plan_settings(const Dialect& dialect, const engine::SourceContext& context) {
    const auto& settings = context.settings;
    return {engine::shape_settings(context,
                                   {dialect.name(), dialect.title(), "io.debezium.connector." + dialect.name(),
                                    settings.text("source.version", "3.5.0.Final"), settings.text("topic.prefix")},
                                   kDatabases),
            ValueModes::from(settings), CustomConverters(settings)};
}

uint32_t server_id(const config::Settings& settings) {
    return static_cast<uint32_t>(settings.integer("database.server.id"));
}

}  // namespace

SchemaState::Options schema_options(const Dialect& dialect, const engine::SourceContext& context) {
    const auto& settings = context.settings;
    SchemaState::Options options{.plan = plan_settings(dialect, context)};
    options.figures = context.figures;
    options.server = dialect.server();
    options.publishes_changes = settings.boolean("include.schema.changes", true);
    options.keep_comments = settings.boolean("include.schema.comments", false) ||
                            (dialect.server() == ddl::Server::MariaDb && options.publishes_changes);
    options.plan.modes.comments = options.keep_comments;
    options.history_topic = settings.text(kHistoryTopic);
    options.stores_captured_tables_only =
        settings.boolean("schema.history.internal.store.only.captured.tables.ddl", false);
    options.stores_captured_databases_only =
        settings.boolean("schema.history.internal.store.only.captured.databases.ddl", false);
    options.skips_unparseable = settings.boolean("schema.history.internal.skip.unparseable.ddl", false);
    return options;
}

ChangeWriter::Options writer_options(const Dialect& dialect, const engine::SourceContext& context) {
    return engine::change_writer_options(context, plan_settings(dialect, context).identity);
}

Snapshot::Options snapshot_options(const engine::SourceContext& context, const ConnectionOptions& connection) {
    const auto& settings = context.settings;
    Snapshot::Options options;
    options.figures = context.figures;
    options.connection = connection;
    const std::string locking = lower(settings.text("snapshot.locking.mode", "minimal"));
    options.view.may_lock = locking != "none";
    options.holds_lock = locking == "extended";
    if (locking == "minimal_percona") options.view.percona = ViewOptions::Percona::BackupLock;
    if (locking == "minimal_percona_no_table_locks") options.view.percona = ViewOptions::Percona::BackupLockOnly;
    options.view.lock_timeout_ms = settings.integer("snapshot.lock.timeout.ms", 10'000);
    options.view.lock_wait_ms = settings.integer("snapshot.lock.wait.ms", 5);
    options.view.unlocked_tries = settings.integer("snapshot.unlocked.tries", 50);
    options.structure_tries = settings.integer("snapshot.structure.tries", 10);
    options.delay_ms = settings.integer("snapshot.delay.ms");
    options.threads = static_cast<size_t>(std::max<int64_t>(1, settings.integer("snapshot.max.threads", 1)));
    options.structure.connection = connection;
    options.structure.included =
        relational::NamePatterns("snapshot.include.collection.list", settings.text("snapshot.include.collection.list"));
    options.structure.order_by_rows = settings.text("snapshot.tables.order.by.row.count", "disabled");
    options.rows.figures = context.figures;
    options.rows.chunk_rows = static_cast<size_t>(settings.integer("snapshot.chunk.rows", 10'000));
    options.rows.keeps_progress = settings.boolean("snapshot.resume", true);
    options.rows.rows_per_second_max = settings.integer("snapshot.max.rows.per.second");
    for (auto& [table, select] : engine::select_overrides(settings))
        options.rows.selects[replace_all(table, "`", "")] = std::move(select);
    return options;
}

BinlogChunkReader::Options chunk_reader_options(const engine::SourceContext& context,
                                                const ConnectionOptions& connection) {
    const auto& settings = context.settings;
    BinlogChunkReader::Options options;
    options.connection = connection;
    options.chunk_rows =
        static_cast<size_t>(std::max<int64_t>(1, settings.integer("incremental.snapshot.chunk.size", 1024)));
    options.deletes_marks = iequals(settings.text("incremental.snapshot.watermarking.strategy"), "insert_delete");
    return options;
}

PurgeWatch::Options purge_watch_options(const engine::SourceContext& context, const ConnectionOptions& connection) {
    PurgeWatch::Options options;
    options.connection = connection;
    options.interval_ms = context.settings.integer("log.headroom.interval.ms", 60'000);
    options.warning_s = context.settings.integer("log.headroom.warning.seconds", 21'600);
    options.figures = context.figures;
    options.health = context.writer.health;
    options.logger = context.connector_name + ".log";
    return options;
}

Streaming::Options streaming_options(const engine::SourceContext& context, const ConnectionOptions& connection) {
    const auto& settings = context.settings;
    Streaming::Options options;
    options.figures = context.figures;
    options.connection = connection;
    options.server_id = server_id(settings);
    // Signals from elsewhere than the signal table are looked for whenever the server gives a sign of life.
    options.heartbeat_ms = std::min(settings.integer("source.heartbeat.interval.ms", 10'000),
                                    settings.integer("signal.delivery.interval.ms", 1'000));
    options.include_query = settings.boolean("include.query", false);
    options.gtid_filter = GtidFilter(settings);
    options.unknown_tables = handling_of(settings, "inconsistent.schema.handling.mode");
    options.unreadable = handling_of(settings, "event.processing.failure.handling.mode");
    if (options.unreadable == Handling::Fail)
        options.unreadable = handling_of(settings, "event.deserialization.failure.handling.mode");
    options.net_write_timeout_s = settings.integer("binlog.net.write.timeout");
    options.net_read_timeout_s = settings.integer("binlog.net.read.timeout");
    options.truncates_are_events = !engine::skips_operation(settings, "t");
    return options;
}

}  // namespace millrace::binlog
