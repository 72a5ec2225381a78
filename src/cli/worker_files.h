#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "worker/config_store.h"

namespace millrace::cli {

/// What the files on the command line hold: worker properties, and connectors by name (.json as POST /connectors takes
/// them or the bare configuration, or .properties with a connector.class).
struct WorkerFiles {
    config::Settings settings;
    std::vector<std::pair<std::string, worker::ConnectorConfig>> connectors;
};

/// `overrides` are NAME=VALUE. Throws ConfigError.
WorkerFiles read_worker_files(const std::vector<std::string>& files, const std::vector<std::string>& overrides);

}  // namespace millrace::cli
