#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace millrace::engine {

/// A connector's configuration with properties under their current names: those of Debezium 1.x (database.server.name,
/// database.history.*, *.whitelist …) are taken over where the current one is not given. One line a property goes to
/// `notices`.
config::Settings with_current_names(const config::Settings& settings, std::vector<std::string>& notices);

}  // namespace millrace::engine
