#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "worker/connector_types.h"
#include "worker/worker_config.h"

namespace millrace::worker {

/// What is wrong with a connector's configuration, by property; asks the database too if nothing else is wrong.
std::vector<config::Problem> connector_problems(const WorkerConfig& worker, const engine::SourceType& type,
                                                const std::map<std::string, std::string>& config);

/// Throws RequestError 400 that lists all problems in Kafka Connect's words.
void check_connector(const WorkerConfig& worker, const ConnectorTypes& types,
                     const std::map<std::string, std::string>& config);

/// The answer of PUT /connector-plugins/{class}/config/validate.
Json validation_json(const WorkerConfig& worker, const ConnectorTypes& types, const std::string& class_name,
                     std::map<std::string, std::string> config);

/// The answer of GET /connector-plugins/{class}/config.
Json plugin_config_json(const ConnectorTypes& types, const std::string& class_name);

}  // namespace millrace::worker
