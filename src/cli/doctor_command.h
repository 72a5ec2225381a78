#pragma once

#include <string>
#include <vector>

namespace millrace::cli {

/// Examines the cluster, the internal topics, and for each connector its configuration, topics and database. With
/// `fixes` mends what is safe to mend. Returns 1 if there are problems left.
int run_doctor(const std::vector<std::string>& files, const std::vector<std::string>& overrides, bool fixes,
               bool as_json);

}  // namespace millrace::cli
