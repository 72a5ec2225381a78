#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "config/property_table.h"
#include "config/settings.h"
#include "convert/json_converter.h"
#include "source/engine/finding.h"
#include "source/engine/record_stage.h"
#include "source/engine/signal.h"
#include "source/engine/source_figures.h"
#include "topiclog/topic_log.h"

namespace millrace::engine {

/// What a task gives its source to work with.
struct SourceContext {
    topiclog::TopicLog& log;
    std::string connector_name;
    config::Settings settings;           ///< With defaults filled in.
    std::string offsets_topic;           ///< Where offsets are written, and looked for first.
    std::string fallback_offsets_topic;  ///< Where they are looked for else.
    convert::JsonConverterOptions key_json;
    convert::JsonConverterOptions value_json;
    /// What the source writes is read again, by RecordStage: headers that hold a key hold it as a record of
    /// JsonConverter's, and batches tell where an envelope has its fields.
    bool is_open = false;
    std::function<std::unique_ptr<RecordStage>()> make_stage;  ///< Missing: records go as the source writes them.
    topiclog::WriterOptions writer;
    SourceFigures* figures = nullptr;  ///< Outlives the source.
    int64_t offset_flush_interval_ms = 60'000;
    /// To be called once the place in the log is fixed: whatever is changed from then on is captured. The task is
    /// RUNNING from then on.
    std::function<void()> started;
    std::string run_id;                                        ///< Of this start, for the records' headers.
    std::function<void(const std::string& topic)> topic_used;  ///< A topic got its first record of this run.
};

/// A database's log being read. Made for one run of one task.
class Source {
  public:
    virtual ~Source() = default;
    /// Snapshot, if one is due, then streaming, until `stop` is requested: then everything in flight is made
    /// durable and run returns. Throws RetriableError and FatalError.
    virtual void run(const std::stop_token& stop) = 0;
    /// Makes a run() that is to stop return without waiting for what is in flight. From any thread.
    virtual void abandon() = 0;
    /// A request to the running source. From any thread.
    virtual void signal(Signal signal) = 0;
};

/// Fields of an offset whose names begin like this are a connector's own notes and no part of the position: the REST
/// interface does not show them.
constexpr std::string_view kUnshownOffsetField = "_";

/// A connector class that configurations may name.
struct SourceType {
    std::string_view class_name;  ///< As connector.class names it.
    std::string_view task_class;
    std::string_view version;  ///< As plugins and statuses report it.
    std::string_view title;    ///< In logs.
    std::string_view domain;   ///< Of its metrics, as Debezium names it behind "debezium.".
    const config::PropertyTable* properties = nullptr;
    /// Checks that need more than the table: combinations. Values of the wrong type are passed over.
    std::function<std::vector<config::Problem>(const config::Settings&)> check;
    /// Whether the server can be reached, with settings that check() has nothing against.
    std::function<std::vector<config::Problem>(const config::Settings&)> connect_check;
    std::function<std::unique_ptr<Source>(SourceContext)> make;
    /// Why a partition with this offset (JSON; empty: no offset) cannot be this connector's, if so.
    std::function<std::optional<std::string>(const std::string& partition, const std::string& offset)> offset_problem;
    /// Examines the database, beyond what check() does. `offset` is the stored one; empty: none.
    std::function<std::vector<Finding>(const config::Settings&, const std::string& offset)> diagnose;
    /// The data topics that it would write to, as the database is now. Throws RetriableError.
    std::function<std::vector<std::string>(const config::Settings&)> topics;
};

}  // namespace millrace::engine
