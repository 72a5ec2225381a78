#include "worker/metrics_text.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>

#include "base/calendar.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::worker {
namespace {

using engine::SourceFigures;

enum class Kind { Gauge, Counter, Text };

/// max.queue.size's default, which stands for a full queue.
constexpr int64_t kQueueRecords = 8192;

/// An attribute of one of Debezium's MBeans. What is a text there is in the JSON only, as it is with the JMX exporter.
struct Attribute {
    const char* context;  ///< "streaming", "snapshot", "schema-history"
    const char* name;
    Kind kind;
    std::function<Json(const SourceFigures&)> value;
    std::optional<SourceFigures::Log> log = {};  ///< Only connectors with such a log have it.

    bool is_of(const SourceFigures& figures) const { return !log || *log == figures.log; }
};

/// A figure that Kafka Connect has of every task.
struct Family {
    const char* name;
    Kind kind;
    std::function<int64_t(const TaskFigures&)> value;
};

std::string label(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

/// Prometheus allows letters, digits and underscores.
std::string label_name(std::string_view text) {
    std::string out;
    for (const char c : text) out += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    if (out.empty() || std::isdigit(static_cast<unsigned char>(out[0])) != 0) out.insert(0, 1, '_');
    return out;
}

int64_t all_changes(const SourceFigures& f) {
    return f.creates + f.updates + f.deletes + f.truncates;
}

int64_t since(int64_t moment_ms) {
    return moment_ms == 0 ? -1 : now_ms() - moment_ms;
}

int64_t snapshot_seconds(const SourceFigures& f) {
    if (f.snapshot_started_ms == 0) return 0;
    return ((f.snapshot_runs != 0 ? now_ms() : f.snapshot_ended_ms.load()) - f.snapshot_started_ms) / 1000;
}

int64_t paused_seconds(const SourceFigures& f) {
    const int64_t now = f.snapshot_paused != 0 ? now_ms() - f.snapshot_paused_since_ms : 0;
    return (f.snapshot_paused_ms + now) / 1000;
}

const char* history_status(const SourceFigures& f) {
    if (f.recovery_runs != 0) return "RECOVERING";
    return f.is_connected != 0 || f.snapshot_runs != 0 ? "RUNNING" : "STOPPED";
}

std::string last_event(const SourceFigures& f) {
    if (f.last_event_ms == 0) return "";
    if (f.log == SourceFigures::Log::Lsn) return format("position: {{lsn={}}}", f.position.load());
    const auto texts = f.texts();
    return format("position: {{file={}, pos={}, gtids={}}}", texts.log_file, f.position.load(), texts.gtids);
}

/// By table, of the figure that `member` is.
Json by_table(const SourceFigures& f, SourceFigures::Figure SourceFigures::Table::* member) {
    Json json = Json::object();
    for (const auto& [name, table] : f.tables())
        if (const int64_t value = (table->*member).load(); value != 0) json[name] = value;
    return json;
}

/// Debezium's queue is bounded in records, this one in bytes; it is as full in the one as in the other.
int64_t queue_room(const SourceFigures& f) {
    const int64_t most = f.queue_bytes_max;
    return most == 0 ? kQueueRecords : kQueueRecords * std::max<int64_t>(0, most - f.queue_bytes) / most;
}

constexpr const char* kStreaming = "streaming";
constexpr const char* kSnapshot = "snapshot";
constexpr const char* kHistory = "schema-history";

using Value = std::function<Json(const SourceFigures&)>;

Value figure(SourceFigures::Figure SourceFigures::* member) {
    return [member](const SourceFigures& f) { return Json((f.*member).load()); };
}
Value truth(SourceFigures::Figure SourceFigures::* member) {
    return [member](const SourceFigures& f) { return Json((f.*member).load() != 0); };
}
template <typename T>
Value text(T SourceFigures::Texts::* member) {
    return [member](const SourceFigures& f) { return Json(f.texts().*member); };
}
Value always(Json value) {
    return [value](const SourceFigures&) { return value; };
}

/// What Debezium's streaming and snapshot beans both have.
void add_common(std::vector<Attribute>& all, const char* context) {
    using F = SourceFigures;
    using K = Kind;
    all.push_back({context, "TotalNumberOfEventsSeen", K::Counter, [](const F& f) { return Json(all_changes(f)); }});
    all.push_back({context, "TotalNumberOfCreateEventsSeen", K::Counter, figure(&F::creates)});
    all.push_back({context, "TotalNumberOfUpdateEventsSeen", K::Counter, figure(&F::updates)});
    all.push_back({context, "TotalNumberOfDeleteEventsSeen", K::Counter, figure(&F::deletes)});
    all.push_back({context, "NumberOfEventsFiltered", K::Counter, figure(&F::filtered)});
    all.push_back({context, "NumberOfErroneousEvents", K::Counter, figure(&F::passed_over)});
    all.push_back(
        {context, "MilliSecondsSinceLastEvent", K::Gauge, [](const F& f) { return Json(since(f.last_event_ms)); }});
    all.push_back({context, "QueueTotalCapacity", K::Gauge, always(kQueueRecords)});
    all.push_back({context, "QueueRemainingCapacity", K::Gauge, [](const F& f) { return Json(queue_room(f)); }});
    all.push_back({context, "MaxQueueSizeInBytes", K::Gauge, figure(&F::queue_bytes_max)});
    all.push_back({context, "CurrentQueueSizeInBytes", K::Gauge, figure(&F::queue_bytes)});
    all.push_back({context, "LastEvent", K::Text, [](const F& f) { return Json(last_event(f)); }});
    all.push_back({context, "CapturedTables", K::Text, text(&F::Texts::captured_tables)});
}

std::vector<Attribute> make_attributes() {
    using F = SourceFigures;
    using T = SourceFigures::Texts;
    using K = Kind;
    constexpr auto kFiles = F::Log::Files;
    std::vector<Attribute> all = {
        {kStreaming, "Connected", K::Gauge, truth(&F::is_connected)},
        {kStreaming, "MilliSecondsBehindSource", K::Gauge, figure(&F::behind_ms)},
        {kStreaming, "NumberOfCommittedTransactions", K::Counter, figure(&F::transactions)},
        {kStreaming, "NumberOfRolledBackTransactions", K::Counter, always(0), kFiles},  // they are not in the log
        {kStreaming, "NumberOfNotWellFormedTransactions", K::Counter, always(0), kFiles},
        {kStreaming, "NumberOfLargeTransactions", K::Counter, always(0), kFiles},  // no transaction is buffered
        {kStreaming, "NumberOfSkippedEvents", K::Counter, figure(&F::passed_over), kFiles},
        {kStreaming, "NumberOfDisconnects", K::Counter, figure(&F::disconnects), kFiles},
        {kStreaming, "BinlogFilename", K::Text, text(&T::log_file), kFiles},
        {kStreaming, "BinlogPosition", K::Gauge, figure(&F::position), kFiles},
        {kStreaming, "GtidSet", K::Text, text(&T::gtids), kFiles},
        {kStreaming, "IsGtidModeEnabled", K::Gauge, truth(&F::has_gtids), kFiles},
        {kStreaming, "LastTransactionId", K::Text,
         [](const F& f) {
             return Json(f.log == F::Log::Lsn ? std::to_string(f.transaction) : f.texts().last_transaction);
         }},
        {kStreaming, "SourceEventPosition", K::Text,
         [](const F& f) {
             if (f.log == F::Log::Lsn) return Json{{"lsn", std::to_string(f.position)}};
             const T texts = f.texts();
             return Json{{"file", texts.log_file}, {"pos", std::to_string(f.position)}, {"gtids", texts.gtids}};
         }},
        {kSnapshot, "SnapshotRunning", K::Gauge, truth(&F::snapshot_runs)},
        {kSnapshot, "SnapshotPaused", K::Gauge, truth(&F::snapshot_paused)},
        {kSnapshot, "SnapshotCompleted", K::Gauge, truth(&F::snapshot_completed)},
        {kSnapshot, "SnapshotAborted", K::Gauge, truth(&F::snapshot_aborted)},
        {kSnapshot, "SnapshotSkipped", K::Gauge, truth(&F::snapshot_skipped)},
        {kSnapshot, "SnapshotDurationInSeconds", K::Gauge, [](const F& f) { return Json(snapshot_seconds(f)); }},
        {kSnapshot, "SnapshotPausedDurationInSeconds", K::Gauge, [](const F& f) { return Json(paused_seconds(f)); }},
        {kSnapshot, "TotalTableCount", K::Gauge, figure(&F::tables_total)},
        {kSnapshot, "RemainingTableCount", K::Gauge, figure(&F::tables_left)},
        {kSnapshot, "HoldingGlobalLock", K::Gauge, truth(&F::holds_global_lock), kFiles},
        {kSnapshot, "RowsScanned", K::Counter, [](const F& f) { return by_table(f, &F::Table::reads); }},
        {kSnapshot, "ChunkId", K::Text, text(&T::chunk_id)},
        {kSnapshot, "ChunkFrom", K::Text, text(&T::chunk_from)},
        {kSnapshot, "ChunkTo", K::Text, text(&T::chunk_to)},
        {kSnapshot, "TableFrom", K::Text, always("")},  // a table is read from its beginning
        {kSnapshot, "TableTo", K::Text, text(&T::table_to)},
        {kSnapshot, "TableChunkCounts", K::Counter, [](const F& f) { return by_table(f, &F::Table::chunks); }},
        {kSnapshot, "TableChunksCompletedCounts", K::Counter,
         [](const F& f) { return by_table(f, &F::Table::chunks_done); }},
        {kHistory, "Status", K::Text, [](const F& f) { return Json(history_status(f)); }},
        {kHistory, "RecoveryStartTime", K::Gauge, [](const F& f) { return Json(f.recovery_started_ms / 1000); }},
        {kHistory, "ChangesRecovered", K::Counter, figure(&F::changes_recovered)},
        {kHistory, "ChangesApplied", K::Counter, figure(&F::changes_applied)},
        {kHistory, "MilliSecondsSinceLastAppliedChange", K::Gauge,
         [](const F& f) { return Json(since(f.last_applied_ms)); }},
        {kHistory, "MilliSecondsSinceLastRecoveredChange", K::Gauge,
         [](const F& f) { return Json(since(f.last_recovered_ms)); }},
        {kHistory, "LastAppliedChange", K::Text, text(&T::last_applied_ddl)},
        {kHistory, "LastRecoveredChange", K::Text, text(&T::last_recovered_ddl)},
    };
    for (auto& attribute : all)
        if (std::string_view(attribute.context) == kHistory) attribute.log = kFiles;
    add_common(all, kStreaming);
    add_common(all, kSnapshot);
    return all;
}

const std::vector<Attribute>& attributes() {
    static const std::vector<Attribute> all = make_attributes();
    return all;
}

const std::vector<Family>& families() {
    const auto figure = [](SourceFigures::Figure SourceFigures::* member) {
        return [member](const TaskFigures& t) { return (t.figures->*member).load(); };
    };
    static const std::vector<Family> all = {
        {"kafka_connect_source_task_metrics_source_record_poll_total", Kind::Counter,
         [](const TaskFigures& t) { return all_changes(*t.figures) + t.figures->snapshot_rows; }},
        {"kafka_connect_source_task_metrics_source_record_write_total", Kind::Counter,
         figure(&SourceFigures::records_taken)},
        {"kafka_connect_task_error_metrics_total_records_skipped", Kind::Counter,
         figure(&SourceFigures::records_skipped)},
        {"kafka_connect_task_error_metrics_deadletterqueue_produce_requests", Kind::Counter,
         figure(&SourceFigures::dead_letters)},
        {"millrace_record_bytes_total", Kind::Counter, figure(&SourceFigures::bytes_taken)},
        {"millrace_queue_bytes", Kind::Gauge, figure(&SourceFigures::queue_bytes)},
        {"millrace_queue_bytes_max", Kind::Gauge, figure(&SourceFigures::queue_bytes_max)},
        {"millrace_log_headroom_bytes", Kind::Gauge, figure(&SourceFigures::headroom_bytes)},
        {"millrace_log_unread_bytes", Kind::Gauge, figure(&SourceFigures::unread_bytes)},
        {"millrace_log_kept_bytes", Kind::Gauge, figure(&SourceFigures::kept_bytes)},
        {"millrace_log_headroom_seconds", Kind::Gauge, figure(&SourceFigures::headroom_s)},
        {"millrace_log_time_left_seconds", Kind::Gauge, figure(&SourceFigures::time_left_s)},
        {"kafka_connect_connector_task_metrics_running", Kind::Gauge,
         [](const TaskFigures& t) { return t.state == State::Running ? 1 : 0; }},
        {"kafka_connect_connector_task_metrics_failed", Kind::Gauge,
         [](const TaskFigures& t) { return t.state == State::Failed ? 1 : 0; }},
    };
    return all;
}

void append_type(std::string& out, std::string_view name, Kind kind) {
    out += format("# TYPE {} {}\n", name, kind == Kind::Gauge ? "gauge" : "counter");
}

/// One sample, or one for each table; nothing of a text.
void append_samples(std::string& out, const Attribute& attribute, const TaskFigures& task) {
    const Json value = attribute.value(*task.figures);
    std::string labels =
        format("plugin=\"{}\",name=\"{}\",context=\"{}\"", label(task.plugin), label(task.server), attribute.context);
    for (const auto& [tag, text] : task.tags) labels += format(",{}=\"{}\"", label_name(tag), label(text));
    const auto append = [&](const std::string& more, const Json& number) {
        out += format("debezium_metrics_{}{{{}{}}} {}\n", attribute.name, labels, more,
                      number.is_boolean() ? (number.get<bool>() ? 1 : 0) : number.get<int64_t>());
    };
    if (value.is_boolean() || value.is_number()) append("", value);
    if (value.is_object() && attribute.kind == Kind::Counter)
        for (const auto& [table, number] : value.items()) append(format(",table=\"{}\"", label(table)), number);
}

/// All samples of a name stand together, whichever beans have it.
void append_attributes(std::string& out, const std::vector<TaskFigures>& tasks) {
    std::set<std::string_view> told;
    for (const auto& attribute : attributes()) {
        if (attribute.kind == Kind::Text || !told.insert(attribute.name).second) continue;
        std::string samples;
        for (const auto& same : attributes())
            if (std::string_view(same.name) == attribute.name)
                for (const auto& task : tasks)
                    if (same.is_of(*task.figures)) append_samples(samples, same, task);
        if (samples.empty()) continue;
        append_type(out, format("debezium_metrics_{}", attribute.name), attribute.kind);
        out += samples;
    }
}

void append_tables(std::string& out, const std::vector<TaskFigures>& tasks) {
    using Table = SourceFigures::Table;
    static constexpr std::pair<const char*, SourceFigures::Figure Table::*> kOperations[] = {{"c", &Table::creates},
                                                                                             {"u", &Table::updates},
                                                                                             {"d", &Table::deletes},
                                                                                             {"t", &Table::truncates},
                                                                                             {"r", &Table::reads}};
    append_type(out, "millrace_table_events_total", Kind::Counter);
    for (const auto& task : tasks)
        for (const auto& [name, table] : task.figures->tables())
            for (const auto& [operation, member] : kOperations)
                out += format("millrace_table_events_total{{connector=\"{}\",table=\"{}\",op=\"{}\"}} {}\n",
                              label(task.connector), label(name), operation, (table->*member).load());
}

std::string seconds_text(uint64_t us) {
    return format("{}.{:06}", us / 1'000'000, us % 1'000'000);
}

/// A bucket's label; that of the last one is +Inf.
std::string bound_text(size_t bucket) {
    using Latency = engine::LatencyHistogram;
    if (bucket == Latency::kBoundsUs.size()) return "+Inf";
    std::string text = seconds_text(static_cast<uint64_t>(Latency::kBoundsUs[bucket]));
    text.erase(text.find_last_not_of('0') + 1);
    return text.back() == '.' ? text + '0' : text;
}

void append_latency(std::string& out, const std::vector<TaskFigures>& tasks) {
    constexpr const char* kName = "millrace_commit_to_topic_seconds";
    out += format("# TYPE {} histogram\n", kName);
    for (const auto& task : tasks) {
        const auto& latency = task.figures->latency;
        const std::string labels = format("connector=\"{}\",task=\"0\"", label(task.connector));
        uint64_t count = 0;
        for (size_t bucket = 0; bucket <= engine::LatencyHistogram::kBoundsUs.size(); ++bucket) {
            count += latency.count(bucket);
            out += format("{}_bucket{{{},le=\"{}\"}} {}\n", kName, labels, bound_text(bucket), count);
        }
        out += format("{}_sum{{{}}} {}\n", kName, labels, seconds_text(latency.sum_us()));
        out += format("{}_count{{{}}} {}\n", kName, labels, count);
    }
}

/// The buckets that hold any, by upper bound.
Json latency_json(const engine::LatencyHistogram& latency) {
    Json json{{"count", 0}, {"buckets", Json::object()}};
    uint64_t count = 0;
    for (size_t bucket = 0; bucket <= engine::LatencyHistogram::kBoundsUs.size(); ++bucket) {
        if (latency.count(bucket) == 0) continue;
        count += latency.count(bucket);
        json["buckets"][bound_text(bucket)] = latency.count(bucket);
    }
    json["count"] = count;
    json["sum_seconds"] = static_cast<double>(latency.sum_us()) / 1e6;
    return json;
}

void append_family(std::string& out, const Family& family, const std::vector<TaskFigures>& tasks) {
    append_type(out, family.name, family.kind);
    for (const auto& task : tasks)
        out += format("{}{{connector=\"{}\",task=\"0\"}} {}\n", family.name, label(task.connector), family.value(task));
}

}  // namespace

std::string metrics_text(const WorkerFigures& worker, const std::vector<TaskFigures>& tasks) {
    std::string out;
    const auto own = [&](const char* name, int64_t value) {
        out += format("# TYPE {0} gauge\n{0} {1}\n", name, value);
    };
    own("kafka_connect_connect_worker_metrics_connector_count", worker.connectors);
    own("kafka_connect_connect_worker_metrics_task_count", static_cast<int64_t>(tasks.size()));
    own("kafka_connect_connect_worker_rebalance_metrics_epoch", worker.generation);
    own("millrace_worker_is_leader", worker.is_leader ? 1 : 0);
    own("millrace_worker_uptime_seconds", (now_ms() - worker.started_ms) / 1000);
    append_attributes(out, tasks);
    append_tables(out, tasks);
    append_latency(out, tasks);
    for (const auto& family : families()) append_family(out, family, tasks);
    return out;
}

Json metrics_json(const TaskFigures& task) {
    Json json{{"connector", task.connector}, {"task", 0}, {"state", name_of(task.state)}};
    for (const auto& attribute : attributes())
        if (attribute.is_of(*task.figures)) json[attribute.context][attribute.name] = attribute.value(*task.figures);
    json["log"] = Json{{"headroom_bytes", task.figures->headroom_bytes.load()},
                       {"unread_bytes", task.figures->unread_bytes.load()},
                       {"kept_bytes", task.figures->kept_bytes.load()},
                       {"headroom_seconds", task.figures->headroom_s.load()},
                       {"time_left_seconds", task.figures->time_left_s.load()}};
    json["commit_to_topic_seconds"] = latency_json(task.figures->latency);
    json["record_bytes"] = task.figures->bytes_taken.load();
    json["queue"] =
        Json{{"bytes", task.figures->queue_bytes.load()}, {"bytes_max", task.figures->queue_bytes_max.load()}};
    json["tables"] = Json::object();
    for (const auto& [name, table] : task.figures->tables())
        json["tables"][name] = Json{{"create", table->creates.load()},
                                    {"update", table->updates.load()},
                                    {"delete", table->deletes.load()},
                                    {"truncate", table->truncates.load()},
                                    {"read", table->reads.load()}};
    return json;
}

}  // namespace millrace::worker
