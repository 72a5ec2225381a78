#pragma once

#include <string>
#include <vector>

namespace millrace::cli {

/// `millrace worker [WORKER.properties] [CONNECTOR.json|.properties …]`. Runs until SIGTERM or SIGINT, then drains
/// and returns 0. `overrides` are NAME=VALUE of worker properties.
int run_worker(const std::vector<std::string>& files, const std::vector<std::string>& overrides);

}  // namespace millrace::cli
