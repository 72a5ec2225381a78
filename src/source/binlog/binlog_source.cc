#include "source/binlog/binlog_source.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/stoppable_sleep.h"
#include "base/text.h"
#include "source/binlog/databases.h"
#include "source/binlog/diagnosis.h"
#include "source/binlog/lost_log.h"
#include "source/binlog/new_tables.h"
#include "source/binlog/row_log.h"
#include "source/binlog/snapshot_rest.h"
#include "source/binlog/task_options.h"
#include "source/engine/captured_lists.h"
#include "source/engine/signal_channels.h"
#include "source/engine/snapshot_mode.h"
#include "source/engine/source_frame.h"

namespace millrace::binlog {
namespace {

class BinlogSource final : public engine::Source {
  public:
    BinlogSource(const Dialect& dialect, engine::SourceContext context)
        : dialect_(dialect),
          frame_(std::move(context), dialect.name() + ".task"),
          context_(frame_.context()),
          connection_(ConnectionOptions::from(context_.settings, dialect.default_tls())),
          mode_(engine::SnapshotMode::from(context_.settings)),
          schema_(schema_options(dialect, context_), context_.settings, context_.log),
          heartbeat_(
              frame_.heartbeat_options(schema_.options().plan.naming.heartbeat(),
                                       [this](const std::string& query) { Connection(connection_).execute(query); }),
              context_.key_json, context_.value_json),
          purge_watch_(purge_watch_options(context_, connection_)),
          server_tables_(dialect, connection_, schema_),
          structure_check_({context_.settings.boolean("schema.repair", true), connection_, dialect.name() + ".schema"},
                           server_tables_, schema_),
          transactions_(schema_.options().plan.naming.transaction(), context_.key_json, context_.value_json),
          notifier_(context_.settings, context_.key_json, context_.value_json),
          reselection_({connection_, context_.settings.integer("reselect.visibility.timeout.ms", 5'000)},
                       context_.settings, schema_),
          writer_(with_transactions(with_topics(writer_options(dialect, context_)))) {}

    void run(const std::stop_token& stop) override {
        engine::SourceFrame::Queueing how;
        how.offset = [this] { return current_offset(); };
        how.unconverted_topics = {schema_.options().history_topic};
        frame_.run(how, [&](engine::RecordQueue& queue) { run(queue, stop); });
    }

    void signal(engine::Signal signal) override { frame_.signal(std::move(signal)); }
    void abandon() override { frame_.abandon(); }

  private:
    void run(engine::RecordQueue& queue, const std::stop_token& stop) {
        if (!notifier_.topic().empty()) queue.ensure_topics({notifier_.topic()});
        queue.synchronized([&] { load_offset(); });  // what an earlier writer of this task left open has ended by now
        try {
            if (mode_.streams()) require_row_log(connection_, logger());
            frame_.check_guardrail(captured_tables(dialect_, context_.settings).size());
            settle_offset();
            const bool data = mode_.reads_data(has_offset_, offset_.in_snapshot);
            const bool structure = mode_.reads_structure(has_offset_, offset_.in_snapshot);
            context_.figures->snapshot_skipped = data || offset_.in_snapshot ? 0 : 1;
            if (resumes_snapshot() && resume_snapshot(queue, stop))
                log::info(logger(), "The interrupted snapshot goes on while the log is read from where it began");
            else if (data || structure)
                take_snapshot(queue, stop, data, structure);
            else if (mode_.restores_history() && !schema_.has_history())
                restore_history(queue, stop);
            else {
                recover_schema();
                notifier_.initial(queue.enter().batch(), "SKIPPED");
            }
            if (mode_.streams() && !offset_.in_snapshot) take_up_new_tables(queue, stop);
            if (!stop.stop_requested() && mode_.streams()) stream(queue, stop);
            if (!mode_.streams()) frame_.rest(queue, stop, mode_.name());
        } catch (const ServerError& fault) {
            const std::string message = format("{}:{} answers: {}", connection_.host, connection_.port, fault.message);
            if (is_retriable(fault.code)) throw RetriableError(message);
            throw FatalError(message);
        }
    }

    /// A topic is there before the first record of this run goes to it.
    ChangeWriter::Options with_topics(ChangeWriter::Options options) {
        options.topic_used = [this](const std::string& topic) { frame_.use_topic(topic); };
        return options;
    }

    ChangeWriter::Options with_transactions(ChangeWriter::Options options) {
        if (frame_.tells_transactions()) options.transactions = &transactions_;
        return options;
    }

    void load_offset() {
        const auto stored = frame_.stored_offset();
        has_offset_ = stored.has_value();
        offset_ = stored ? BinlogOffset::from_json(*stored) : BinlogOffset();
    }

    std::optional<topiclog::OffsetRecord> current_offset() {
        if (offset_.file.empty() && offset_.ts_sec == 0) return std::nullopt;
        if (streaming_ != nullptr) streaming_->complete_offset();
        const BinlogOffset& offset = set_position_ ? *set_position_ : offset_;
        return topiclog::OffsetRecord{context_.offsets_topic, frame_.offset_key(), offset.to_json()};
    }

    /// Whether the offset is one to go on from, with snapshot.mode as it is; if not, it is forgotten.
    void settle_offset() {
        if (!has_offset_) {
            if (mode_.restores_history())
                throw FatalError(format(
                    "snapshot.mode={} restores the schema history of a connector that has an offset, and this one has "
                    "none; use snapshot.mode=initial or no_data",
                    mode_.name()));
            return;
        }
        if (offset_.in_snapshot) {
            if (!mode_.reads_data(true, true) && !mode_.reads_structure(true, true))
                throw FatalError(
                    format("The connector previously stopped while taking a snapshot, but snapshot.mode={} never "
                           "allows one. Use "
                           "snapshot.mode=initial or when_needed, or delete the connector's offsets",
                           mode_.name()));
            if (!resumes_snapshot()) log::info(logger(), "The previous snapshot was not completed; it starts over");
            return;
        }
        if (!mode_.restarts_when_lost()) return;
        const auto reason = snapshot_need();
        if (!reason) return;
        log::warn(logger(), format("A new snapshot is taken (snapshot.mode={}): {}", mode_.name(), *reason));
        has_offset_ = false;
    }

    /// Can an interrupted snapshot go on where it was?
    bool resumes_snapshot() const {
        return has_offset_ && offset_.in_snapshot && !offset_.progress.empty() && mode_.streams() &&
               mode_.name() != "always" && context_.settings.boolean("snapshot.resume", true);
    }

    /// Tables that are captured from now on (snapshot.new.tables); the schema knows them afterwards.
    std::vector<relational::TableId> know_new_tables(engine::RecordQueue& queue) {
        if (captured_lists().empty()) return {};
        NewTables tables(dialect_, connection_, context_.settings, schema_, server_tables_, logger());
        return tables.take_up(offset_, writer_, queue);
    }

    /// What the offset says of the tables that it is written for; nothing with snapshot.new.tables=off.
    std::string captured_lists() const {
        return engine::reads_new_tables(context_.settings) ? engine::captured_lists(context_.settings, kDatabases)
                                                           : std::string();
    }

    /// Their rows are read beside streaming.
    void take_up_new_tables(engine::RecordQueue& queue, const std::stop_token& stop) {
        const auto found = know_new_tables(queue);
        queue.synchronized([&] {  // at once: with the new lists alone in the offset nobody would look for them again
            if (mode_.reads_data(false, false))
                for (const auto& id : found) offset_.progress.left[id.dotted()].emplace_back();
            offset_.lists = captured_lists();
        });
        if (offset_.progress.left.empty()) return;
        SnapshotRest rest = snapshot_rest();
        rest_ = rest.tables(offset_);
        std::vector<std::string> names;
        for (const auto& collection : rest_.collections) names.push_back(collection.table);
        log::info(logger(), format("Tables that are captured from now on are read while streaming goes on "
                                   "(snapshot.new.tables): {}",
                                   join(names, ", ")));
        if (!rest.read_whole_tables(rest_, offset_, writer_, queue, notifier_, stop))
            throw FatalError(
                format("A table without a key, of {}, is captured from now on and was altered behind the "
                       "place that the connector has come to. Take it out of table.include.list until "
                       "the connector has come to the end of the log",
                       join(names, ", ")));
    }

    SnapshotRest snapshot_rest() {
        const Snapshot::Options options = snapshot_options(context_, connection_);
        return {dialect_,
                connection_,
                options.rows,
                options.structure.included,
                schema_,
                server_tables_,
                dialect_.name() + ".snapshot"};
    }

    /// False if it has to start over after all.
    bool resume_snapshot(engine::RecordQueue& queue, const std::stop_token& stop) {
        log::set_phase("snapshot");
        const auto lost = snapshot_need();
        if (lost) {
            log::warn(logger(), format("The interrupted snapshot starts over: {}", *lost));
            return false;
        }
        recover_schema();
        know_new_tables(queue);
        queue.synchronized([&] { offset_.lists = captured_lists(); });
        SnapshotRest rest = snapshot_rest();
        rest_ = rest.tables(offset_);
        frame_.note_started();
        if (rest.read_whole_tables(rest_, offset_, writer_, queue, notifier_, stop)) return true;
        log::warn(logger(), "The interrupted snapshot starts over: a table without a key was altered since");
        rest_ = {};
        queue.synchronized([&] { offset_.progress = {}; });
        return false;
    }

    /// Why streaming cannot go on from the offset, if it cannot.
    std::optional<std::string> snapshot_need() {
        if (!schema_.has_history()) return format("the schema history {} is empty", schema_.options().history_topic);
        Connection connection(connection_);
        return lost_since(connection, dialect_.server(), offset_);
    }

    void take_snapshot(engine::RecordQueue& queue, const std::stop_token& stop, bool data, bool structure) {
        log::set_phase("snapshot");
        queue.synchronized([&] { offset_.lists = captured_lists(); });
        Snapshot::Options options = snapshot_options(context_, connection_);
        options.started = [this] { frame_.note_started(); };
        options.with_data = data;
        options.with_structure = structure;
        if (!structure && schema_.recover_all() == 0)
            throw FatalError(
                format("snapshot.mode={} reads rows without the tables' structure, and the schema history {} "
                       "does not know it; set snapshot.mode.configuration.based.snapshot.schema=true",
                       mode_.name(), schema_.options().history_topic));
        Snapshot(dialect_, std::move(options), schema_, writer_, queue, notifier_, offset_).run(stop);
    }

    /// snapshot.mode=recovery: the history is made anew from what the server has now; the offset stays.
    void restore_history(engine::RecordQueue& queue, const std::stop_token& stop) {
        log::set_phase("snapshot");
        log::info(logger(), format("The schema history {} is restored from the server's tables; streaming goes on from "
                                   "{}:{}",
                                   schema_.options().history_topic, offset_.file, offset_.position));
        Snapshot::Options options = snapshot_options(context_, connection_);
        options.started = [this] { frame_.note_started(); };
        options.with_data = false;
        options.history_offset = offset_.history_position();
        BinlogOffset scratch;
        Snapshot(dialect_, std::move(options), schema_, writer_, queue, notifier_, scratch).run(stop);
    }

    void recover_schema() {
        if (!has_offset_ && mode_.is_never()) {
            begin_with_the_log();
            return;
        }
        const int64_t started = steady_ms();
        const int64_t records = schema_.recover(offset_);
        if (records == 0)
            throw FatalError(
                format("The schema history topic {} is missing or empty, but the connector has an offset ({}:{}). "
                       "Delete the connector's "
                       "offsets to take a new snapshot",
                       schema_.options().history_topic, offset_.file, offset_.position));
        log::info(logger(), format("Recovered the schema from {} history records in {}", records,
                                   duration_text(steady_ms() - started)));
    }

    /// snapshot.mode=never without an offset: streaming begins with the oldest log that the server has, and tables are
    /// known from the DDL in it.
    void begin_with_the_log() {
        Connection connection(connection_);
        offset_ = {};
        if (dialect_.server() == ddl::Server::MySql)
            offset_.gtids = replace_all(connection.value("SELECT @@GLOBAL.gtid_purged"), "\n", "");
        log::warn(logger(),
                  "Streaming begins with the oldest log on the server (snapshot.mode=never); rows of tables that were "
                  "created before it cannot be read");
    }

    /// Where changes in the offset and what steers the stream meet.
    void stream(engine::RecordQueue& queue, const std::stop_token& stop) {
        log::set_phase("streaming");
        if (const int64_t delay = context_.settings.integer("streaming.delay.ms"); delay > 0)
            sleep_for(std::chrono::milliseconds(delay), stop);
        Streaming streaming(dialect_, stream_options(), schema_, writer_, queue, offset_);
        BinlogChunkReader reader(dialect_, chunk_options(streaming, engine::SnapshotKind::Signalled), schema_, writer_);
        engine::IncrementalSnapshot incremental(engine::SnapshotKind::Signalled, reader, queue, notifier_,
                                                *context_.figures, dialect_.name() + ".incremental");
        incremental.adopt(offset_.incremental);
        BinlogChunkReader rest_reader(dialect_, chunk_options(streaming, engine::SnapshotKind::Rest), schema_, writer_);
        engine::IncrementalSnapshot rest(engine::SnapshotKind::Rest, rest_reader, queue, notifier_, *context_.figures,
                                         dialect_.name() + ".snapshot");
        rest.adopt(std::exchange(rest_, {}));
        for (auto* snapshot : {&incremental, &rest})
            snapshot->set_rows_per_second_max(context_.settings.integer("snapshot.max.rows.per.second"));
        engine::SignalActions actions(incremental, hooks(queue, streaming, stop), dialect_.name() + ".signal");
        engine::SnapshotSteering steering(steering_options(), {incremental, reader}, {rest, rest_reader}, actions,
                                          frame_.inbox(), schema_.filters(), queue, offset_);
        streaming.attach(steering);
        auto channel_options = engine::SignalChannels::Options::from(context_.settings);
        channel_options.logger = dialect_.name() + ".signal";
        if (offset_.signal_offset) channel_options.first_offset = *offset_.signal_offset + 1;
        const engine::SignalChannels channels(context_.log, std::move(channel_options), frame_.inbox());
        writer_.set_snapshots({&incremental, &rest});
        {
            auto entry = queue.enter();
            streaming_ = &streaming;
        }
        try {
            streaming.run(stop);
        } catch (...) {
            forget_streaming(queue);
            throw;
        }
        forget_streaming(queue);
    }

    Streaming::Options stream_options() {
        Streaming::Options options = streaming_options(context_, connection_);
        options.connected = [this] { frame_.note_started(); };
        options.purge_watch = &purge_watch_;
        options.structure_check = &structure_check_;
        if (reselection_.is_needed()) options.reselection = &reselection_;
        if (const int64_t interval = context_.settings.integer("heartbeat.interval.ms"); interval > 0) {
            options.heartbeat = &heartbeat_;
            options.heartbeat_ms = std::min(options.heartbeat_ms, interval);  // on an idle server they are what comes
            frame_.use_topic(heartbeat_.topic());
        }
        if (frame_.tells_transactions()) {
            options.transactions = &transactions_;
            frame_.use_topic(transactions_.topic());
        }
        return options;
    }

    BinlogChunkReader::Options chunk_options(const Streaming& streaming, engine::SnapshotKind kind) const {
        BinlogChunkReader::Options options = chunk_reader_options(context_, connection_);
        const Snapshot::Options initial = snapshot_options(context_, connection_);
        options.view = initial.view;
        options.place = [&streaming] { return streaming.current_place(); };
        options.has_passed = [this](const std::string& file, uint64_t position) {
            return is_at_or_before(file, position, offset_.file, offset_.position);
        };
        options.is_beyond = [&streaming](const std::string& file, uint64_t position) {
            return streaming.is_beyond(file, position);
        };
        if (kind == engine::SnapshotKind::Signalled) {
            if (!context_.settings.boolean("read.only", false)) options.mark_table = schema_.filters().signal_table();
            return options;
        }
        options.chunk_rows = initial.rows.chunk_rows;
        options.marker = "true";
        options.last_marker = "last";
        options.bounds_first_chunk = true;
        return options;
    }

    engine::SnapshotSteering::Options steering_options() const {
        return {engine::SignalChannels::is_enabled(context_.settings, "source"), frame_.deletes_marks()};
    }

    engine::SignalActions::Hooks hooks(engine::RecordQueue& queue, Streaming& streaming, const std::stop_token& stop) {
        engine::SignalActions::Hooks hooks;
        hooks.blocking_snapshot = [this, &queue, &streaming, stop](const auto& tables, const auto& selects) {
            take_blocking_snapshot(queue, streaming, stop, tables, selects);
        };
        hooks.schema_changes = [this, &queue, &streaming](const auto& database, const auto& changes) {
            auto entry = queue.enter();
            SchemaState::Place place;
            place.info = streaming.current_place();
            place.info.ts_us = now_ms() * 1000;
            place.position_json = offset_.history_position().to_json();
            place.text = "a signal";
            schema_.change(entry.batch(), writer_, database, changes, place);
        };
        hooks.own["set-binlog-position"] = [this, &queue](const Json& data) { set_position(data, queue); };
        hooks.offset_text = [this, &queue] {
            std::string text;
            queue.synchronized([&] { text = offset_.to_json(); });
            return text;
        };
        return hooks;
    }

    /// The signal set-binlog-position: the offset moves; what is read from there takes a restart.
    void set_position(const Json& data, engine::RecordQueue& queue) {
        const auto text = [&](const char* name) {
            const auto found = data.find(name);
            return found == data.end() || !found->is_string() ? std::string() : found->get<std::string>();
        };
        const std::string file = text("binlog_filename");
        const std::string gtids = text("gtid_set");
        const auto position = data.find("binlog_position");
        const bool has_position = position != data.end() && position->is_number_unsigned();
        if (file.empty() == gtids.empty() || file.empty() == has_position) {
            log::warn(dialect_.name() + ".signal",
                      "set-binlog-position needs either binlog_filename and binlog_position or gtid_set; the signal is "
                      "ignored");
            return;
        }
        {
            auto entry = queue.enter();
            set_position_ = offset_;
            if (gtids.empty()) {
                set_position_->file = file;
                set_position_->position = position->get<uint64_t>();
                set_position_->gtids.clear();
            } else {
                set_position_->gtids = gtids;
            }
            set_position_->events_to_skip = set_position_->rows_to_skip = 0;
        }
        log::warn(dialect_.name() + ".signal",
                  format("The position is set to {}; restart the connector for it to take effect",
                         gtids.empty() ? format("{}:{}", file, position->get<uint64_t>()) : gtids));
    }

    /// What goes wrong with a blocking snapshot is told, and streaming goes on.
    void take_blocking_snapshot(engine::RecordQueue& queue, Streaming& streaming, const std::stop_token& stop,
                                const std::vector<std::string>& tables,
                                const std::vector<engine::IncrementalSnapshot::Condition>& selects) {
        log::set_phase("snapshot");
        try {
            Snapshot::Options options = snapshot_options(context_, connection_);
            options.is_blocking = true;
            options.delay_ms = 0;
            options.place = streaming.current_place();
            options.rows.keeps_progress = false;
            options.structure.on_demand = relational::NamePatterns("data-collections", join(tables, ","));
            for (const auto& select : selects) {
                const relational::NamePatterns pattern("additional-conditions", select.tables);
                for (const auto& [id, table] : schema_.catalog().tables)
                    if (pattern.match(id.dotted())) options.rows.selects.emplace(id.dotted(), select.filter);
            }
            Snapshot(dialect_, std::move(options), schema_, writer_, queue, notifier_, offset_).run(stop);
        } catch (const ServerError& fault) {
            log::warn(logger(), format("Error while executing requested blocking snapshot: {}", fault.message));
        } catch (const ConfigError& fault) {
            log::warn(logger(), format("Error while executing requested blocking snapshot: {}", fault.what()));
        } catch (const FatalError& fault) {
            log::warn(logger(), format("Error while executing requested blocking snapshot: {}", fault.what()));
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

    const std::string& logger() const { return frame_.logger(); }

    const Dialect& dialect_;
    engine::SourceFrame frame_;
    const engine::SourceContext& context_;
    ConnectionOptions connection_;
    engine::SnapshotMode mode_;
    SchemaState schema_;
    engine::Heartbeat heartbeat_;
    PurgeWatch purge_watch_;
    ServerTables server_tables_;
    StructureCheck structure_check_;
    engine::TransactionMonitor transactions_;
    engine::Notifier notifier_;
    RowReselection reselection_;
    ChangeWriter writer_;
    BinlogOffset offset_;
    engine::IncrementalSnapshotState rest_;     ///< What of an interrupted snapshot is left to be read.
    std::optional<BinlogOffset> set_position_;  ///< By a signal; holds from the next start on.
    bool has_offset_ = false;
    Streaming* streaming_ = nullptr;
};

}  // namespace

std::unique_ptr<engine::Source> make_source(const Dialect& dialect, engine::SourceContext context) {
    return std::make_unique<BinlogSource>(dialect, std::move(context));
}

std::optional<std::string> offset_problem(const std::string& partition, const std::string& offset) {
    if (auto problem = engine::partition_problem(partition)) return problem;
    if (offset.empty()) return std::nullopt;
    try {
        static_cast<void>(BinlogOffset::from_json(offset));
        return std::nullopt;
    } catch (const FatalError&) {
        return format("The offset {} is none of this connector: it needs at least \"file\" and \"pos\"", offset);
    }
}

}  // namespace millrace::binlog
