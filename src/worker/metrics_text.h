#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_fwd.h"
#include "source/engine/source_figures.h"
#include "worker/state.h"

namespace millrace::worker {

/// One task that runs here, with what it counts.
struct TaskFigures {
    std::string connector;
    std::string plugin;  ///< "mysql"
    std::string server;  ///< topic.prefix
    /// custom.metric.tags, as further labels of what Debezium's MBeans have.
    std::vector<std::pair<std::string, std::string>> tags;
    State state = State::Unassigned;
    const engine::SourceFigures* figures = nullptr;
};

struct WorkerFigures {
    std::string worker_id;
    int64_t connectors = 0;  ///< Here.
    int64_t generation = 0;
    bool is_leader = false;
    int64_t started_ms = 0;
};

/// The text that Prometheus scrapes. Names are those that Debezium's and Kafka Connect's MBeans get from the usual JMX
/// exporter rules: debezium_metrics_ATTRIBUTE{plugin,name,context},
/// kafka_connect_source_task_metrics_NAME{connector,task}. RowsScanned, a map there, has a label `table`.
std::string metrics_text(const WorkerFigures& worker, const std::vector<TaskFigures>& tasks);

/// One task's figures, every attribute of Debezium's beans by context ("streaming", "snapshot", "schema-history"), and
/// the changes by table.
Json metrics_json(const TaskFigures& task);

}  // namespace millrace::worker
