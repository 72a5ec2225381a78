#pragma once

#include <string>
#include <vector>

namespace millrace::transform {

/// Makes the transforms of users' libraries (include/millrace/plugin.h) known beside ours, for the whole program and as
/// long as it runs. A path is a library, or a folder whose .so files are taken as such; in a folder, as Kafka Connect's
/// plugin.path may name one, what is no library of ours is left alone. Before any Chain is made, and once.
/// Throws ConfigError ("plugin.path") for a library that cannot be used.
void load_plugins(const std::vector<std::string>& paths);

}  // namespace millrace::transform
