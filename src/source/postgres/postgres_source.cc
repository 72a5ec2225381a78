#include "source/postgres/postgres_source.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/stoppable_sleep.h"
#include "base/text.h"
#include "source/engine/captured_lists.h"
#include "source/engine/record_options.h"
#include "source/engine/signal_channels.h"
#include "source/engine/snapshot_mode.h"
#include "source/engine/source_frame.h"
#include "source/postgres/diagnosis.h"
#include "source/postgres/postgres_chunk_reader.h"
#include "source/postgres/postgres_config.h"
#include "source/postgres/publication.h"
#include "source/postgres/row_reselection.h"
#include "source/postgres/snapshot.h"
#include "source/postgres/snapshot_rest.h"
#include "source/postgres/streaming.h"

namespace millrace::postgres {
namespace {

constexpr const char* kLogger = "postgresql.task";

PlanSettings plan_settings(const engine::SourceContext& context) {
    const auto& settings = context.settings;
    return {engine::shape_settings(context,
                                   {"postgresql", "PostgreSQL", "io.debezium.connector.postgresql",
                                    settings.text("source.version", "3.5.0.Final"), settings.text("topic.prefix")},
                                   kSchemas),
            ValueModes::from(settings)};
}

class PostgresSource final : public engine::Source {
  public:
    explicit PostgresSource(engine::SourceContext context)
        : frame_(std::move(context), kLogger),
          context_(frame_.context()),
          connection_(ConnectionOptions::from(context_.settings)),
          mode_(engine::SnapshotMode::from(context_.settings)),
          schema_(plan_settings(context_), context_.settings),
          publication_(context_.settings),
          messages_(context_.settings, schema_.settings(), schema_.settings().modes.binary),
          heartbeat_(
              frame_.heartbeat_options(schema_.settings().naming.heartbeat(),
                                       [this](const std::string& query) { Connection(connection_).execute(query); }),
              context_.key_json, context_.value_json),
          transactions_(schema_.settings().naming.transaction(), context_.key_json, context_.value_json),
          notifier_(context_.settings, context_.key_json, context_.value_json),
          writer_(writer_options()),
          reselection_({connection_, context_.settings.integer("reselect.visibility.timeout.ms", 5'000)},
                       context_.settings, schema_),
          slot_(context_.settings.text("slot.name", "debezium")),
          slot_watch_(slot_watch_options()) {}

    void run(const std::stop_token& stop) override {
        context_.figures->log = engine::SourceFigures::Log::Lsn;
        engine::SourceFrame::Queueing how;
        how.offset = [this] { return current_offset(); };
        how.offset_durable = [this](uint64_t mark) { durable_mark_ = mark; };
        frame_.run(how, [&](engine::RecordQueue& queue) { run(queue, stop); });
    }

    void signal(engine::Signal signal) override { frame_.signal(std::move(signal)); }
    void abandon() override { frame_.abandon(); }

  private:
    void run(engine::RecordQueue& queue, const std::stop_token& stop) {
        if (!notifier_.topic().empty()) queue.ensure_topics({notifier_.topic()});
        queue.synchronized([&] { load_offset(); });  // what an earlier writer of this task left open has ended by now
        try {
            Connection control(connection_);
            capture(control, queue, stop);
        } catch (const ServerError& fault) {
            const std::string message = format("{}:{} answers: {}", connection_.host, connection_.port, fault.message);
            if (is_retriable(fault)) throw RetriableError(message);
            throw FatalError(message);
        }
    }

    engine::ChangeWriter::Options writer_options() {
        auto options = engine::change_writer_options(context_, schema_.settings().identity);
        options.skips_by_record = true;
        options.topic_used = [this](const std::string& topic) { frame_.use_topic(topic); };
        if (frame_.tells_transactions()) options.transactions = &transactions_;
        return options;
    }

    SlotWatch::Options slot_watch_options() const {
        SlotWatch::Options options;
        options.connection = connection_;
        options.slot = context_.settings.text("slot.name", "debezium");
        options.interval_ms = context_.settings.integer("log.headroom.interval.ms", 60'000);
        options.warning_s = context_.settings.integer("log.headroom.warning.seconds", 21'600);
        options.figures = context_.figures;
        options.health = context_.writer.health;
        options.logger = kLogger;
        return options;
    }

    void load_offset() {
        const auto stored = frame_.stored_offset();
        has_offset_ = stored.has_value();
        offset_ = stored ? PostgresOffset::from_json(*stored) : PostgresOffset();
    }

    std::optional<topiclog::OffsetRecord> current_offset() {
        if (!offset_.lsn) return std::nullopt;
        if (streaming_ != nullptr) streaming_->complete_offset();
        return topiclog::OffsetRecord{context_.offsets_topic, frame_.offset_key(), offset_.to_json(),
                                      offset_.resume_from().value};
    }

    void capture(Connection& control, engine::RecordQueue& queue, const std::stop_token& stop) {
        schema_.connect(control);
        Catalog catalog(control, schema_.types());
        frame_.check_guardrail(captured_tables(catalog, schema_.filters()).size());
        if (mode_.streams()) {
            require_logical_log(control);
            publication_.settle(control, catalog, schema_.filters(), kLogger);
            warn_of_unpublished(control);
            set_replica_identities(control, catalog, context_.settings, schema_.filters(), kLogger);
            settle_offset(control);
        }
        const bool data = mode_.reads_data(has_offset_, offset_.in_snapshot);
        context_.figures->snapshot_skipped = data ? 0 : 1;
        if (resumes_snapshot()) {
            resume_snapshot(control, queue, stop);
        } else {
            if (!data) notifier_.initial(queue.enter().batch(), "SKIPPED");
            if (data || !has_offset_) begin(control, queue, stop, data);
        }
        if (mode_.streams() && !offset_.in_snapshot) take_up_new_tables(control, queue, stop);
        if (!stop.stop_requested() && mode_.streams()) stream(control, queue, stop);
        if (!mode_.streams()) frame_.rest(queue, stop, mode_.name());
    }

    static void require_logical_log(Connection& control) {
        const auto level = control.value("SHOW wal_level").value_or("");
        if (level != "logical")
            throw FatalError(
                format("The server's log does not hold what is needed: wal_level is {}; set "
                       "wal_level=logical in postgresql.conf and restart the server",
                       level));
        if (control.value("SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user") ==
            "f")
            throw FatalError(
                format("The user {} may not read the log; let an administrator run: ALTER ROLE {} "
                       "REPLICATION",
                       control.value("SELECT current_user").value_or(""),
                       quote_name(control.value("SELECT current_user").value_or(""))));
    }

    /// Why streaming cannot go on from the offset, if it cannot.
    std::optional<std::string> what_is_lost(const std::optional<SlotState>& slot) const {
        if (!slot) return format("the replication slot {} is gone", slot_);
        if (slot->wal_status == "lost" || !slot->invalidation.empty())
            return format(
                "the server has given up the replication slot {} ({})", slot_,
                slot->invalidation.empty() ? "its log was removed, see max_slot_wal_keep_size" : slot->invalidation);
        if (slot->confirmed > offset_.resume_from())
            return format("the replication slot {} has moved on to {}, and the offset is at {}", slot_,
                          slot->confirmed.text(), offset_.resume_from().text());
        return std::nullopt;
    }

    /// Whether the offset is one to go on from, with snapshot.mode as it is; if not, it is forgotten.
    void settle_offset(Connection& control) {
        const auto slot = find_slot(control, slot_);
        if (slot && (slot->plugin != "pgoutput" || slot->database != connection_.database))
            throw FatalError(
                format("The replication slot {} is one of plugin {} and database {}; this connector needs one of "
                       "pgoutput and {}: choose another slot.name, or drop the slot with SELECT "
                       "pg_drop_replication_slot('{}')",
                       slot_, slot->plugin, slot->database, connection_.database, slot_));
        if (!has_offset_) return;
        if (offset_.in_snapshot) {
            if (!mode_.reads_data(true, true))
                throw FatalError(
                    format("The connector previously stopped while taking a snapshot, but snapshot.mode={} never "
                           "allows one. Use snapshot.mode=initial or when_needed, or delete the connector's offsets",
                           mode_.name()));
            if (const auto lost = what_is_lost(slot); lost && resumes_snapshot()) {
                log::warn(kLogger, format("The interrupted snapshot starts over: {}", *lost));
                offset_.progress = {};
                if (slot && slot->wal_status == "lost") drop_slot(control, slot_);
            } else if (!resumes_snapshot()) {
                log::info(kLogger, "The previous snapshot was not completed; it starts over");
            }
            return;
        }
        const auto lost = what_is_lost(slot);
        if (!lost || mode_.reads_data(true, false)) return;
        const std::string strategy = lower(context_.settings.text("offset.mismatch.strategy"));
        if (slot && slot->wal_status != "lost" && (strategy == "trust_slot" || strategy == "trust_greater_lsn")) {
            log::warn(kLogger,
                      format("Streaming goes on from the slot (offset.mismatch.strategy={}): {}", strategy, *lost));
            offset_.last_commit = slot->confirmed;
            offset_.transaction_end = {};
            return;
        }
        if (!mode_.restarts_when_lost())
            throw FatalError(
                format("Changes since {} are lost: {}. Take a new snapshot: set snapshot.mode=when_needed, or delete "
                       "the connector's offsets with DELETE /connectors/NAME/offsets{}",
                       offset_.resume_from().text(), *lost,
                       slot ? format(" and the slot with SELECT pg_drop_replication_slot('{}')", slot_) : ""));
        log::warn(kLogger, format("A new snapshot is taken (snapshot.mode={}): {}", mode_.name(), *lost));
        has_offset_ = false;
        if (slot && slot->wal_status == "lost") drop_slot(control, slot_);
    }

    /// Can an interrupted snapshot go on where it was?
    bool resumes_snapshot() const {
        return has_offset_ && offset_.in_snapshot && !offset_.progress.empty() && mode_.streams() &&
               mode_.name() != "always" && context_.settings.boolean("snapshot.resume", true);
    }

    void resume_snapshot(Connection& control, engine::RecordQueue& queue, const std::stop_token& stop) {
        log::set_phase("snapshot");
        queue.synchronized([&] { offset_.lists = captured_lists(); });
        const SnapshotRest rest = snapshot_rest();
        rest_ = rest.tables(control, offset_);
        frame_.note_started();
        rest.read_whole_tables(rest_, offset_, writer_, queue, notifier_, stop);
        log::info(kLogger, "The interrupted snapshot goes on while the log is read from where it began");
    }

    /// Tables that are captured from now on (snapshot.new.tables): their rows are read beside streaming.
    void take_up_new_tables(Connection& control, engine::RecordQueue& queue, const std::stop_token& stop) {
        const std::string lists = captured_lists();
        std::vector<relational::TableId> found;
        if (!lists.empty() && !offset_.lists.empty() && offset_.lists != lists && mode_.reads_data(false, false)) {
            const auto before = engine::filters_of(offset_.lists, context_.settings, kSchemas);
            Catalog catalog(control, schema_.types());
            for (auto& id : captured_tables(catalog, schema_.filters()))
                if (!before.captures(id) && !schema_.filters().is_signal_table(id)) found.push_back(std::move(id));
        }
        queue.synchronized([&] {  // at once: with the new lists alone in the offset nobody would look for them again
            for (const auto& id : found) offset_.progress.left[id.dotted()].emplace_back();
            offset_.lists = lists;
        });
        if (offset_.progress.left.empty()) return;
        const SnapshotRest rest = snapshot_rest();
        rest_ = rest.tables(control, offset_);
        std::vector<std::string> names;
        for (const auto& collection : rest_.collections) names.push_back(collection.table);
        log::info(kLogger, format("Tables that are captured from now on are read while streaming goes on "
                                  "(snapshot.new.tables): {}",
                                  join(names, ", ")));
        rest.read_whole_tables(rest_, offset_, writer_, queue, notifier_, stop);
    }

    /// What the offset says of the tables that it is written for; nothing with snapshot.new.tables=off.
    std::string captured_lists() const {
        return engine::reads_new_tables(context_.settings) ? engine::captured_lists(context_.settings, kSchemas)
                                                           : std::string();
    }

    SnapshotRest snapshot_rest() {
        Snapshot::Options options = snapshot_options(true);
        return {connection_, slot_, std::move(options.rows), std::move(options.included), schema_, options.logger};
    }

    /// Finds the place that streaming begins at, with the rows as of there or without.
    void begin(Connection& control, engine::RecordQueue& queue, const std::stop_token& stop, bool data) {
        const auto slot = mode_.streams() ? find_slot(control, slot_) : std::nullopt;
        if (!data && slot) {
            const auto entry = queue.enter();
            offset_ = {};
            offset_.lists = captured_lists();
            offset_.lsn = slot->confirmed;
            return;
        }
        log::set_phase("snapshot");
        if (data) require_readable(control);
        queue.synchronized([&] { offset_.lists = captured_lists(); });
        Snapshot(snapshot_options(data), schema_, writer_, queue, notifier_, offset_).run(stop);
    }

    void warn_of_unpublished(Connection& control) const {
        const auto tables = publication_.unpublished(control, schema_.filters());
        if (tables.empty()) return;
        constexpr size_t kNamedMax = 20;
        std::vector<std::string> names;
        for (size_t i = 0; i < tables.size() && i < kNamedMax; ++i)
            names.push_back(quote_table(tables[i].database, tables[i].table));
        const std::string more = tables.size() > kNamedMax ? format(" and {} more", tables.size() - kNamedMax) : "";
        log::warn(kLogger, format("The publication {} leaves out captured tables; no change of them will come: {}{}. "
                                  "Add them with ALTER PUBLICATION {} ADD TABLE …, or narrow table.include.list "
                                  "(unlogged tables are in no log)",
                                  publication_.name(), join(names, ", "), more, quote_name(publication_.name())));
    }

    /// Before a slot is made: a snapshot that the user may not read would leave it behind.
    void require_readable(Connection& control) {
        Catalog catalog(control, schema_.types());
        const relational::NamePatterns included = snapshot_options(true).included;
        std::vector<std::string> tables, schemas;
        for (const auto& id : captured_tables(catalog, schema_.filters())) {
            if (schema_.filters().is_signal_table(id) || !(included.empty() || included.match(id.dotted()))) continue;
            const std::string name = quote_table(id.database, id.table), schema = quote_name(id.database);
            const auto rights = control.rows(format(
                "SELECT pg_catalog.has_schema_privilege({}, 'USAGE'), pg_catalog.has_any_column_privilege(c.oid, "
                "'SELECT') FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
                "n.nspname = {} AND c.relname = {}",
                quote_text(id.database), quote_text(id.database), quote_text(id.table)));
            if (rights.empty()) continue;
            if (rights[0][0] == "f" && std::find(schemas.begin(), schemas.end(), schema) == schemas.end())
                schemas.push_back(schema);
            if (rights[0][1] == "f") tables.push_back(name);
        }
        if (tables.empty() && schemas.empty()) return;
        const std::string user = quote_name(control.value("SELECT current_user").value_or(""));
        std::string statements;
        if (!schemas.empty()) statements = format("GRANT USAGE ON SCHEMA {} TO {}; ", join(schemas, ", "), user);
        if (!tables.empty()) statements += format("GRANT SELECT ON {} TO {}", join(tables, ", "), user);
        throw FatalError(
            format("The user {} may not read what is captured; let an owner run: {}. Or leave these tables out with "
                   "table.exclude.list, or the rows with snapshot.mode=no_data",
                   user, statements));
    }

    Snapshot::Options snapshot_options(bool data) {
        const auto& settings = context_.settings;
        Snapshot::Options options;
        options.figures = context_.figures;
        options.started = [this] { frame_.note_started(); };
        options.connection = connection_;
        if (mode_.streams()) options.slot = slot_;
        options.is_failover = settings.boolean("slot.failover", false);
        options.threads = static_cast<size_t>(std::max<int64_t>(1, settings.integer("snapshot.max.threads", 1)));
        options.delay_ms = settings.integer("snapshot.delay.ms");
        options.locks = iequals(settings.text("snapshot.locking.mode"), "shared");
        options.lock_timeout_ms = settings.integer("snapshot.lock.timeout.ms", 10'000);
        options.included = relational::NamePatterns("snapshot.include.collection.list",
                                                    settings.text("snapshot.include.collection.list"));
        options.with_data = data;
        options.rows.figures = context_.figures;
        options.rows.chunk_rows = static_cast<size_t>(settings.integer("snapshot.chunk.rows", 10'000));
        options.rows.keeps_progress = mode_.streams() && settings.boolean("snapshot.resume", true);
        options.rows.rows_per_second_max = settings.integer("snapshot.max.rows.per.second");
        options.rows.selects = engine::select_overrides(settings);
        options.logger = "postgresql.snapshot";
        return options;
    }

    void stream(Connection& control, engine::RecordQueue& queue, const std::stop_token& stop) {
        using engine::SnapshotKind;
        log::set_phase("streaming");
        if (const int64_t delay = context_.settings.integer("streaming.delay.ms"); delay > 0)
            sleep_for(std::chrono::milliseconds(delay), stop);
        Streaming streaming(stream_options(), control, schema_, writer_, queue, offset_);
        PostgresChunkReader reader(chunk_options(streaming, SnapshotKind::Signalled), control, schema_, writer_);
        engine::IncrementalSnapshot incremental(SnapshotKind::Signalled, reader, queue, notifier_, *context_.figures,
                                                "postgresql.incremental");
        incremental.adopt(offset_.incremental);
        PostgresChunkReader rest_reader(chunk_options(streaming, SnapshotKind::Rest), control, schema_, writer_);
        engine::IncrementalSnapshot rest(SnapshotKind::Rest, rest_reader, queue, notifier_, *context_.figures,
                                         "postgresql.snapshot");
        rest.adopt(std::exchange(rest_, {}));
        for (auto* snapshot : {&incremental, &rest})
            snapshot->set_rows_per_second_max(context_.settings.integer("snapshot.max.rows.per.second"));
        engine::SignalActions actions(incremental, hooks(control, queue, stop), "postgresql.signal");
        engine::SnapshotSteering steering(steering_options(), {incremental, reader}, {rest, rest_reader}, actions,
                                          frame_.inbox(), schema_.filters(), queue, offset_);
        streaming.attach(steering);
        auto channel_options = engine::SignalChannels::Options::from(context_.settings);
        channel_options.logger = "postgresql.signal";
        if (offset_.signal_offset) channel_options.first_offset = *offset_.signal_offset + 1;
        const engine::SignalChannels channels(context_.log, std::move(channel_options), frame_.inbox());
        writer_.set_snapshots({&incremental, &rest});
        queue.synchronized([&] { streaming_ = &streaming; });
        try {
            streaming.run(stop);
        } catch (...) {
            forget_streaming(queue);
            throw;
        }
        forget_streaming(queue);
        if (stop.stop_requested() && context_.settings.boolean("slot.drop.on.stop", false)) {
            log::warn(kLogger, format("The slot {} is dropped (slot.drop.on.stop)", slot_));
            drop_slot(control, slot_);
        }
    }

    PostgresChunkReader::Options chunk_options(const Streaming& streaming, engine::SnapshotKind kind) {
        const auto& settings = context_.settings;
        PostgresChunkReader::Options options;
        options.connection = connection_;
        options.chunk_rows =
            static_cast<size_t>(std::max<int64_t>(1, settings.integer("incremental.snapshot.chunk.size", 1024)));
        options.deletes_marks = frame_.deletes_marks();
        options.place = [&streaming] { return streaming.current_place(); };
        options.has_passed = [&streaming](Lsn place) { return streaming.has_passed(place); };
        options.is_ahead = [&streaming](const UnseenTransactions& unseen) { return streaming.is_ahead(unseen); };
        if (kind == engine::SnapshotKind::Signalled) {
            if (!settings.boolean("read.only", false)) options.mark_table = schema_.filters().signal_table();
            return options;
        }
        options.chunk_rows = snapshot_options(true).rows.chunk_rows;
        options.marker = "true";
        options.last_marker = "last";
        options.bounds_first_chunk = true;
        return options;
    }

    engine::SnapshotSteering::Options steering_options() const {
        return {engine::SignalChannels::is_enabled(context_.settings, "source"), frame_.deletes_marks()};
    }

    engine::SignalActions::Hooks hooks(Connection& control, engine::RecordQueue& queue, const std::stop_token& stop) {
        engine::SignalActions::Hooks hooks;
        hooks.blocking_snapshot = [this, &control, &queue, stop](const auto& tables, const auto& selects) {
            take_blocking_snapshot(control, queue, stop, tables, selects);
        };
        hooks.offset_text = [this, &queue] {
            std::string text;
            queue.synchronized([&] { text = offset_.to_json(); });
            return text;
        };
        return hooks;
    }

    /// What goes wrong with a blocking snapshot is told, and streaming goes on.
    void take_blocking_snapshot(Connection& control, engine::RecordQueue& queue, const std::stop_token& stop,
                                const std::vector<std::string>& tables,
                                const std::vector<engine::IncrementalSnapshot::Condition>& selects) {
        log::set_phase("snapshot");
        const auto tell = [](const std::string& cause) {
            log::warn(kLogger, format("Error while executing requested blocking snapshot: {}", cause));
        };
        try {
            Snapshot::Options options = snapshot_options(true);
            options.slot.clear();
            options.rows.keeps_progress = false;
            options.rows.beside = [this] { streaming_->stay_alive(); };
            options.delay_ms = 0;
            options.on_demand = relational::NamePatterns("data-collections", join(tables, ","));
            for (const auto& select : selects) {
                const relational::NamePatterns pattern("additional-conditions", select.tables);
                Catalog catalog(control, schema_.types());
                for (const auto& id : captured_tables(catalog, schema_.filters()))
                    if (pattern.match(id.dotted())) options.rows.selects.emplace(id.dotted(), select.filter);
            }
            Snapshot(std::move(options), schema_, writer_, queue, notifier_, offset_).run(stop);
        } catch (const ServerError& fault) {
            tell(fault.message);
        } catch (const ConfigError& fault) {
            tell(fault.what());
        } catch (const FatalError& fault) {
            tell(fault.what());
        }
        queue.set_bulk(false);
        log::set_phase("streaming");
    }

    /// The sender asks for the offset until the queue is gone; it must not ask a Streaming that is.
    void forget_streaming(engine::RecordQueue& queue) {
        writer_.set_snapshots({});
        queue.synchronized([this] {
            streaming_->complete_offset();
            streaming_ = nullptr;
        });
    }

    Streaming::Options stream_options() {
        const auto& settings = context_.settings;
        Streaming::Options options;
        options.connected = [this] { frame_.note_started(); };
        options.stream.connection = connection_;
        options.stream.slot = slot_;
        options.stream.publication = publication_.name();
        options.stream.further = settings.text("slot.stream.params");
        options.stream.status_interval_ms = settings.integer("status.update.interval.ms", 10'000);
        options.stream.with_open = settings.boolean("stream.open.transactions", true);
        options.open_transactions = {static_cast<size_t>(settings.integer("stream.spill.bytes", 16 << 20)),
                                     settings.text("stream.spill.directory")};
        options.truncates_are_events = !engine::skips_operation(settings, "t");
        options.confirms =
            !iequals(settings.text("lsn.flush.mode"), "manual") && settings.boolean("flush.lsn.source", true);
        options.slot_tries = settings.integer("slot.max.retries", 6);
        options.slot_retry_ms = settings.integer("slot.retry.delay.ms", 10'000);
        options.xmin_interval_ms = settings.integer("xmin.fetch.interval.ms");
        options.messages = &messages_;
        if (reselection_.is_needed()) options.reselection = &reselection_;
        options.slot_watch = &slot_watch_;
        options.durable_mark = [this] { return durable_mark_.load(); };
        options.figures = context_.figures;
        options.logger = "postgresql.streaming";
        options.tick_ms = settings.integer("signal.delivery.interval.ms", 1'000);
        if (const int64_t interval = settings.integer("heartbeat.interval.ms"); interval > 0) {
            options.heartbeat = &heartbeat_;
            options.tick_ms = std::min(options.tick_ms, interval);
            frame_.use_topic(heartbeat_.topic());
        }
        if (frame_.tells_transactions()) {
            options.transactions = &transactions_;
            frame_.use_topic(transactions_.topic());
        }
        return options;
    }

    engine::SourceFrame frame_;
    const engine::SourceContext& context_;
    ConnectionOptions connection_;
    engine::SnapshotMode mode_;
    SchemaState schema_;
    Publication publication_;
    LogicalMessageWriter messages_;
    engine::Heartbeat heartbeat_;
    engine::TransactionMonitor transactions_;
    engine::Notifier notifier_;
    engine::ChangeWriter writer_;
    RowReselection reselection_;
    std::string slot_;
    SlotWatch slot_watch_;
    PostgresOffset offset_;
    std::atomic<uint64_t> durable_mark_ = 0;
    engine::IncrementalSnapshotState rest_;  ///< What streaming has to read beside the log.
    bool has_offset_ = false;
    Streaming* streaming_ = nullptr;
};

std::optional<std::string> offset_problem(const std::string& partition, const std::string& offset) {
    if (auto problem = engine::partition_problem(partition)) return problem;
    if (offset.empty()) return std::nullopt;
    try {
        static_cast<void>(PostgresOffset::from_json(offset));
        return std::nullopt;
    } catch (const FatalError&) {
        return format("The offset {} is none of this connector: it needs at least \"lsn\"", offset);
    }
}

std::vector<std::string> data_topics(const config::Settings& settings) {
    try {
        Connection connection(ConnectionOptions::from(settings));
        PgTypes types(connection);
        Catalog catalog(connection, types);
        const relational::Filters filters(settings, kSchemas);
        const events::TopicNaming naming(settings, kSchemas);
        std::vector<std::string> topics;
        for (const auto& id : captured_tables(catalog, filters)) topics.push_back(naming.data(id));
        return topics;
    } catch (const ServerError& fault) {
        throw RetriableError(fault.message);
    }
}

}  // namespace

const engine::SourceType& source_type() {
    static const engine::SourceType type{
        "io.debezium.connector.postgresql.PostgresConnector",
        "io.debezium.connector.postgresql.PostgresConnectorTask",
        "3.5.0.Final",
        "PostgreSQL",
        "postgres",
        &property_table(),
        check_settings,
        check_connection,
        [](engine::SourceContext context) -> std::unique_ptr<engine::Source> {
            return std::make_unique<PostgresSource>(std::move(context));
        },
        offset_problem,
        diagnose,
        data_topics,
    };
    return type;
}

}  // namespace millrace::postgres
