#pragma once

#include <functional>
#include <string>

#include "convert/json_converter.h"
#include "topiclog/append_batch.h"

namespace millrace::engine {

/// Writes a heartbeat when `heartbeat.interval.ms` have gone by since the last one, and runs `heartbeat.action.query`
/// before it. Asked after every log event, the server's own signs of life included. Used by the source's thread alone.
class Heartbeat {
  public:
    struct Options {
        int64_t interval_ms = 0;  ///< 0: no heartbeats.
        std::string topic;
        std::string server;  ///< topic.prefix
        std::string action_query;
        /// Runs it, on a connection of its own.
        std::function<void(const std::string& query)> run_query;
        std::string logger;
    };
    Heartbeat(Options options, const convert::JsonConverterOptions& key, const convert::JsonConverterOptions& value);

    bool is_due() const;
    void write(topiclog::AppendBatch& batch);
    /// Runs the query, if any; what goes wrong with it is logged, as Debezium does. Not under the queue's lock.
    void act();
    const std::string& topic() const { return options_.topic; }

  private:
    const Options options_;
    std::string key_;
    std::string value_prefix_, value_suffix_;
    int64_t last_ms_;
};

}  // namespace millrace::engine
