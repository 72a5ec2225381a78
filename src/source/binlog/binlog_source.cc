#include "source/binlog/binlog_source.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"
#include "source/binlog/snapshot.h"
#include "source/binlog/streaming.h"

namespace millrace::binlog {
namespace {

constexpr const char* kHistoryTopic = "schema.history.internal.kafka.topic";

PlanSettings plan_settings(const Dialect& dialect, const engine::SourceContext& context) {
    const auto& settings = context.settings;
    return {{dialect.name(), dialect.title(), "io.debezium.connector." + dialect.name(),
             settings.text("source.version", "3.5.0.Final"), settings.text("topic.prefix")},
            ValueModes::from(settings),
            context.key_json,
            context.value_json,
            events::TopicNaming(settings),
            events::NameAdjustment::from(settings, events::NameAdjustment::Of::Schemas),
            events::NameAdjustment::from(settings, events::NameAdjustment::Of::Fields),
            relational::ColumnShaping(settings),
            CustomConverters(settings)};
}

SchemaState::Options schema_options(const Dialect& dialect, const engine::SourceContext& context) {
    const auto& settings = context.settings;
    SchemaState::Options options{.plan = plan_settings(dialect, context)};
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
    const auto& settings = context.settings;
    ChangeWriter::Options options;
    options.identity = plan_settings(dialect, context).identity;
    options.tombstones = settings.boolean("tombstones.on.delete", true);
    options.context_headers = settings.boolean("extended.headers.enabled", true);
    options.run_id = context.run_id;
    options.skip_unchanged = settings.boolean("skip.messages.without.change", false);
    options.figures = context.figures;
    for (const auto& operation : settings.list("skipped.operations")) {
        options.skip_create |= operation == "c";
        options.skip_update |= operation == "u";
        options.skip_delete |= operation == "d";
    }
    return options;
}

bool skips(const config::Settings& settings, std::string_view operation) {
    for (const auto& skipped : settings.list("skipped.operations"))
        if (skipped == operation) return true;
    return false;
}

/// ["connector",{"server":"prefix"}]
std::string offset_key(const std::string& connector, const std::string& prefix) {
    std::string key = "[";
    json_text::append_string(key, connector);
    key += ",{\"server\":";
    json_text::append_string(key, prefix);
    return key + "}]";
}

class BinlogSource final : public engine::Source {
  public:
    BinlogSource(const Dialect& dialect, engine::SourceContext context)
        : dialect_(dialect),
          context_(std::move(context)),
          connection_(ConnectionOptions::from(context_.settings, dialect.default_tls())),
          schema_(schema_options(dialect, context_), context_.settings, context_.log),
          heartbeat_(heartbeat_options(), context_.key_json, context_.value_json),
          transactions_(schema_.options().plan.naming.transaction(), context_.key_json, context_.value_json),
          writer_(with_transactions(with_topics(writer_options(dialect, context_)))),
          prefix_(context_.settings.text("topic.prefix")),
          offset_key_(offset_key(context_.connector_name, prefix_)) {}

    void run(const std::stop_token& stop) override {
        engine::RecordQueue::Options options;
        if (const int64_t bytes = context_.settings.integer("max.queue.size.in.bytes"); bytes > 0)
            options.bytes_max = static_cast<size_t>(bytes);
        options.offset_flush_interval_ms = context_.offset_flush_interval_ms;
        options.thread_name = "snd-" + prefix_;
        options.figures = context_.figures;
        options.converters = {context_.key_is_string, context_.value_is_string, {schema_.options().history_topic}};
        engine::RecordQueue queue(context_.log, context_.writer, options, [this] { return current_offset(); });
        set_queue(&queue);
        const QueueScope scope{*this};
        queue.synchronized([&] { load_offset(); });  // what an earlier writer of this task left open has ended by now
        try {
            check_server();
            if (snapshot_is_due())
                take_snapshot(queue, stop);
            else if (recovers() && !schema_.has_history())
                restore_history(queue, stop);
            else
                recover_schema();
            if (!stop.stop_requested()) stream(queue, stop);
        } catch (const ServerError& fault) {
            const std::string message = format("{}:{} answers: {}", connection_.host, connection_.port, fault.message);
            if (is_retriable(fault.code)) throw RetriableError(message);
            throw FatalError(message);
        }
        queue.flush();
    }

    void abandon() override {
        const std::lock_guard lock(queue_mutex_);
        if (queue_ != nullptr) queue_->abandon();
    }

  private:
    /// Forgets the queue before it goes.
    struct QueueScope {
        BinlogSource& source;
        ~QueueScope() { source.set_queue(nullptr); }
    };
    void set_queue(engine::RecordQueue* queue) {
        const std::lock_guard lock(queue_mutex_);
        queue_ = queue;
    }

    /// A topic is there before the first record of this run goes to it.
    ChangeWriter::Options with_topics(ChangeWriter::Options options) {
        options.topic_used = [this](const std::string& topic) {
            queue_->ensure_topics({topic});
            context_.topic_used(topic);
        };
        return options;
    }

    bool tells_transactions() const { return context_.settings.boolean("provide.transaction.metadata", false); }

    ChangeWriter::Options with_transactions(ChangeWriter::Options options) {
        if (tells_transactions()) options.transactions = &transactions_;
        return options;
    }

    Heartbeat::Options heartbeat_options() const {
        const auto& settings = context_.settings;
        Heartbeat::Options options;
        options.interval_ms = settings.integer("heartbeat.interval.ms");
        options.server = settings.text("topic.prefix");
        options.topic = schema_.options().plan.naming.heartbeat();
        options.action_query = settings.text("heartbeat.action.query");
        options.connection = connection_;
        options.logger = logger();
        return options;
    }

    void note_started() {
        if (std::exchange(is_started_, true)) return;
        context_.started();
    }

    void load_offset() {
        offset_ = {};
        has_offset_ = false;
        read_offset(context_.offsets_topic);
        if (!has_offset_ && context_.fallback_offsets_topic != context_.offsets_topic)
            read_offset(context_.fallback_offsets_topic);
    }

    void read_offset(const std::string& topic) {
        topiclog::for_each_record(context_.log, topic, [&](const topiclog::StoredRecord& record) {
            if (record.key != offset_key_) return;
            has_offset_ = record.value.has_value();
            if (has_offset_) offset_ = BinlogOffset::from_json(*record.value);
        });
    }

    std::optional<topiclog::OffsetRecord> current_offset() {
        if (offset_.file.empty()) return std::nullopt;
        if (streaming_ != nullptr) streaming_->complete_offset();
        return topiclog::OffsetRecord{context_.offsets_topic, offset_key_, offset_.to_json()};
    }

    /// What capture needs of the server, said before anything is read.
    void check_server() {
        Connection connection(connection_);
        if (connection.value("SELECT @@GLOBAL.log_bin") != "1")
            throw FatalError("The server writes no binary log; start it with --log-bin and binlog_format=ROW");
        const auto setting = [&](const char* name) {
            const auto rows = connection.rows(format("SHOW GLOBAL VARIABLES LIKE '{}'", name));
            return rows.empty() ? std::string() : rows[0][1].value_or("");
        };
        const std::string binlog_format = setting("binlog_format");
        if (!binlog_format.empty() && !iequals(binlog_format, "ROW"))
            throw FatalError(
                format("The server runs with binlog_format={}; changes can only be captured with binlog_format=ROW",
                       binlog_format));
        const std::string image = setting("binlog_row_image");
        if (!image.empty() && !iequals(image, "FULL"))
            throw FatalError(format(
                "The server runs with binlog_row_image={}; set binlog_row_image=FULL, or rows lack columns", image));
    }

    std::string snapshot_mode() const { return lower(context_.settings.text("snapshot.mode", "initial")); }

    bool snapshot_is_due() {
        if (has_offset_ && offset_.in_snapshot) {
            log::info(logger(), "The previous snapshot was not completed; it starts over");
            return true;
        }
        if (!has_offset_) {
            if (recovers())
                throw FatalError(
                    "snapshot.mode=recovery restores the schema history of a connector that has an offset, and "
                    "this one has none; use snapshot.mode=initial or no_data");
            return true;
        }
        if (snapshot_mode() != "when_needed") return false;
        const auto reason = snapshot_need();
        if (reason) log::warn(logger(), format("A new snapshot is taken (snapshot.mode=when_needed): {}", *reason));
        return reason.has_value();
    }

    bool recovers() const {
        const std::string mode = snapshot_mode();
        return mode == "recovery" || mode == "schema_only_recovery";
    }

    /// Why streaming cannot go on from the offset, if it cannot.
    std::optional<std::string> snapshot_need() {
        if (!schema_.has_history()) return format("the schema history {} is empty", schema_.options().history_topic);
        Connection connection(connection_);
        if (dialect_.server() == ddl::Server::MySql && !offset_.gtids.empty()) {
            const auto has_all =
                connection.value(format("SELECT GTID_SUBSET(@@GLOBAL.gtid_purged, {})", quote_text(offset_.gtids)));
            if (has_all == "1") return std::nullopt;
            return format("the server has purged transactions that are not in the offset's GTIDs {}", offset_.gtids);
        }
        for (const auto& row : connection.rows("SHOW BINARY LOGS"))
            if (row[0] == offset_.file) return std::nullopt;
        return format("the server has no log file {} any more", offset_.file);
    }

    void take_snapshot(engine::RecordQueue& queue, const std::stop_token& stop) {
        log::set_phase("snapshot");
        Snapshot::Options options = snapshot_options();
        const std::string mode = snapshot_mode();
        options.with_data = mode == "initial" || mode == "when_needed";
        Snapshot(dialect_, std::move(options), schema_, writer_, queue, offset_).run(stop);
    }

    /// snapshot.mode=recovery: the history is made anew from what the server has now; the offset stays.
    void restore_history(engine::RecordQueue& queue, const std::stop_token& stop) {
        log::set_phase("snapshot");
        log::info(logger(), format("The schema history {} is restored from the server's tables; streaming goes on from "
                                   "{}:{}",
                                   schema_.options().history_topic, offset_.file, offset_.position));
        Snapshot::Options options = snapshot_options();
        options.with_data = false;
        options.history_offset = offset_;
        BinlogOffset scratch;
        Snapshot(dialect_, std::move(options), schema_, writer_, queue, scratch).run(stop);
    }

    Snapshot::Options snapshot_options() {
        const auto& settings = context_.settings;
        Snapshot::Options options;
        options.figures = context_.figures;
        options.started = [this] { note_started(); };
        options.connection = connection_;
        options.view.may_lock = !iequals(settings.text("snapshot.locking.mode", "minimal"), "none");
        options.view.lock_timeout_ms = settings.integer("snapshot.lock.timeout.ms", 10'000);
        options.view.lock_wait_ms = settings.integer("snapshot.lock.wait.ms", 5);
        options.view.unlocked_tries = settings.integer("snapshot.unlocked.tries", 50);
        options.structure_tries = settings.integer("snapshot.structure.tries", 10);
        options.delay_ms = settings.integer("snapshot.delay.ms");
        options.server_id = server_id();
        options.included_tables = relational::NamePatterns("snapshot.include.collection.list",
                                                           settings.text("snapshot.include.collection.list"));
        return options;
    }

    void recover_schema() {
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

    void stream(engine::RecordQueue& queue, const std::stop_token& stop) {
        log::set_phase("streaming");
        if (const int64_t delay = context_.settings.integer("streaming.delay.ms"); delay > 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(delay));
        Streaming::Options options;
        options.figures = context_.figures;
        options.connected = [this] { note_started(); };
        options.connection = connection_;
        options.server_id = server_id();
        options.heartbeat_ms = context_.settings.integer("source.heartbeat.interval.ms", 10'000);
        if (const int64_t interval = context_.settings.integer("heartbeat.interval.ms"); interval > 0) {
            options.heartbeat = &heartbeat_;
            options.heartbeat_ms = std::min(options.heartbeat_ms, interval);  // on an idle server they are what comes
            queue_->ensure_topics({heartbeat_.topic()});
            context_.topic_used(heartbeat_.topic());
        }
        if (tells_transactions()) {
            options.transactions = &transactions_;
            queue_->ensure_topics({transactions_.topic()});
            context_.topic_used(transactions_.topic());
        }
        options.include_query = context_.settings.boolean("include.query", false);
        options.truncates_are_events = !skips(context_.settings, "t");
        Streaming streaming(dialect_, std::move(options), schema_, writer_, queue, offset_);
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

    /// The sender asks for the offset until the queue is gone; it must not ask a Streaming that is.
    void forget_streaming(engine::RecordQueue& queue) {
        context_.figures->is_connected = 0;
        ++context_.figures->disconnects;
        queue.synchronized([&] {
            if (streaming_ != nullptr) streaming_->complete_offset();
            streaming_ = nullptr;
        });
    }

    uint32_t server_id() const { return static_cast<uint32_t>(context_.settings.integer("database.server.id")); }
    std::string logger() const { return dialect_.name() + ".task"; }

    const Dialect& dialect_;
    engine::SourceContext context_;
    ConnectionOptions connection_;
    SchemaState schema_;
    Heartbeat heartbeat_;
    engine::TransactionMonitor transactions_;
    ChangeWriter writer_;
    std::string prefix_;
    std::string offset_key_;
    BinlogOffset offset_;
    bool has_offset_ = false;
    bool is_started_ = false;
    Streaming* streaming_ = nullptr;
    std::mutex queue_mutex_;                ///< For abandon().
    engine::RecordQueue* queue_ = nullptr;  ///< Of the run under way.
};

}  // namespace

std::unique_ptr<engine::Source> make_source(const Dialect& dialect, engine::SourceContext context) {
    return std::make_unique<BinlogSource>(dialect, std::move(context));
}

std::optional<std::string> offset_problem(const std::string& partition, const std::string& offset) {
    const auto key = parse_json(partition);
    if (!key || !key->is_object() || key->size() != 1 || !key->contains("server") || !(*key)["server"].is_string())
        return format("The partition {} is none of this connector: it is of the form {{\"server\":\"TOPIC.PREFIX\"}}",
                      partition);
    if (offset.empty()) return std::nullopt;
    try {
        static_cast<void>(BinlogOffset::from_json(offset));
        return std::nullopt;
    } catch (const FatalError&) {
        return format("The offset {} is none of this connector: it needs at least \"file\" and \"pos\"", offset);
    }
}

}  // namespace millrace::binlog
