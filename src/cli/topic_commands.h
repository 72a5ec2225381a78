#pragma once

namespace CLI {
class App;
}
#include <functional>

namespace millrace::cli {

using Action = std::function<int()>;

/// Adds `topics` and `watch-topic`; parsing one of them sets `action`.
void add_topic_commands(CLI::App& app, Action& action);

/// Adds `connectors` with its verbs.
void add_connector_commands(CLI::App& app, Action& action);

}  // namespace millrace::cli
