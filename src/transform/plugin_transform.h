#pragma once

#include <millrace/plugin.h>

#include <memory>

#include "config/settings.h"
#include "transform/transform.h"

namespace millrace::transform {

/// A transform of a user's library, from its own settings. `type` outlives it. Throws ConfigError that names the option
/// it refuses.
std::unique_ptr<Transform> make_plugin(const millrace_transform& type, const config::Settings& settings);

}  // namespace millrace::transform
