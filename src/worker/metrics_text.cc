#include "worker/metrics_text.h"

#include <functional>

#include "base/calendar.h"
#include "base/text.h"

namespace millrace::worker {
namespace {

using engine::SourceFigures;

enum class Kind { Gauge, Counter };

struct Family {
    const char* name;
    Kind kind;
    const char* context;  ///< "streaming", "snapshot", or nullptr for Kafka Connect's.
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

const std::vector<Family>& families() {
    constexpr const char* kStreaming = "streaming";
    constexpr const char* kSnapshot = "snapshot";
    const auto figure = [](SourceFigures::Figure SourceFigures::* member) {
        return [member](const TaskFigures& t) { return (t.figures->*member).load(); };
    };
    static const std::vector<Family> all = {
        {"debezium_metrics_Connected", Kind::Gauge, kStreaming, figure(&SourceFigures::is_connected)},
        {"debezium_metrics_MilliSecondsBehindSource", Kind::Gauge, kStreaming, figure(&SourceFigures::behind_ms)},
        {"debezium_metrics_MilliSecondsSinceLastEvent", Kind::Gauge, kStreaming,
         [](const TaskFigures& t) { return since(t.figures->last_event_ms); }},
        {"debezium_metrics_TotalNumberOfEventsSeen", Kind::Counter, kStreaming,
         [](const TaskFigures& t) { return all_changes(*t.figures); }},
        {"debezium_metrics_TotalNumberOfCreateEventsSeen", Kind::Counter, kStreaming, figure(&SourceFigures::creates)},
        {"debezium_metrics_TotalNumberOfUpdateEventsSeen", Kind::Counter, kStreaming, figure(&SourceFigures::updates)},
        {"debezium_metrics_TotalNumberOfDeleteEventsSeen", Kind::Counter, kStreaming, figure(&SourceFigures::deletes)},
        {"debezium_metrics_NumberOfCommittedTransactions", Kind::Counter, kStreaming,
         figure(&SourceFigures::transactions)},
        {"debezium_metrics_NumberOfDisconnects", Kind::Counter, kStreaming, figure(&SourceFigures::disconnects)},
        {"debezium_metrics_BinlogPosition", Kind::Gauge, kStreaming, figure(&SourceFigures::position)},
        {"debezium_metrics_MaxQueueSizeInBytes", Kind::Gauge, kStreaming, figure(&SourceFigures::queue_bytes_max)},
        {"debezium_metrics_CurrentQueueSizeInBytes", Kind::Gauge, kStreaming, figure(&SourceFigures::queue_bytes)},
        {"debezium_metrics_SnapshotRunning", Kind::Gauge, kSnapshot, figure(&SourceFigures::snapshot_runs)},
        {"debezium_metrics_SnapshotCompleted", Kind::Gauge, kSnapshot, figure(&SourceFigures::snapshot_completed)},
        {"debezium_metrics_SnapshotAborted", Kind::Gauge, kSnapshot, figure(&SourceFigures::snapshot_aborted)},
        {"debezium_metrics_SnapshotDurationInSeconds", Kind::Gauge, kSnapshot,
         [](const TaskFigures& t) { return snapshot_seconds(*t.figures); }},
        {"debezium_metrics_RowsScanned", Kind::Counter, kSnapshot, figure(&SourceFigures::snapshot_rows)},
        {"debezium_metrics_TotalTableCount", Kind::Gauge, kSnapshot, figure(&SourceFigures::tables_total)},
        {"debezium_metrics_RemainingTableCount", Kind::Gauge, kSnapshot, figure(&SourceFigures::tables_left)},
        {"kafka_connect_source_task_metrics_source_record_poll_total", Kind::Counter, nullptr,
         [](const TaskFigures& t) { return all_changes(*t.figures) + t.figures->snapshot_rows; }},
        {"kafka_connect_source_task_metrics_source_record_write_total", Kind::Counter, nullptr,
         figure(&SourceFigures::records_taken)},
        {"kafka_connect_task_error_metrics_total_records_skipped", Kind::Counter, nullptr,
         figure(&SourceFigures::records_skipped)},
        {"kafka_connect_task_error_metrics_deadletterqueue_produce_requests", Kind::Counter, nullptr,
         figure(&SourceFigures::dead_letters)},
        {"kafka_connect_connector_task_metrics_running", Kind::Gauge, nullptr,
         [](const TaskFigures& t) { return t.state == State::Running ? 1 : 0; }},
        {"kafka_connect_connector_task_metrics_failed", Kind::Gauge, nullptr,
         [](const TaskFigures& t) { return t.state == State::Failed ? 1 : 0; }},
    };
    return all;
}

void append_family(std::string& out, const Family& family, const std::vector<TaskFigures>& tasks) {
    out += format("# TYPE {} {}\n", family.name, family.kind == Kind::Gauge ? "gauge" : "counter");
    for (const auto& task : tasks) {
        if (family.context != nullptr)
            out += format("{}{{plugin=\"{}\",name=\"{}\",context=\"{}\"}} {}\n", family.name, label(task.plugin),
                          label(task.server), family.context, family.value(task));
        else
            out += format("{}{{connector=\"{}\",task=\"0\"}} {}\n", family.name, label(task.connector),
                          family.value(task));
    }
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
    for (const auto& family : families()) append_family(out, family, tasks);
    return out;
}

}  // namespace millrace::worker
