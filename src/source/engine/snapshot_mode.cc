#include "source/engine/snapshot_mode.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::engine {

SnapshotMode SnapshotMode::from(const config::Settings& settings) {
    SnapshotMode mode;
    mode.name_ = lower(settings.text("snapshot.mode", "initial"));
    const std::string& name = mode.name_;
    if (name == "schema_only") mode.name_ = "no_data";
    if (name == "schema_only_recovery") mode.name_ = "recovery";
    if (name == "always") {
        mode.data_ = mode.structure_ = When::Always;
    } else if (name == "initial_only") {
        mode.streams_ = false;
    } else if (name == "no_data") {
        mode.data_ = When::Never;
    } else if (name == "recovery") {
        mode.data_ = When::Never;
        mode.restores_history_ = true;
    } else if (name == "never") {
        mode.data_ = mode.structure_ = When::Never;
    } else if (name == "when_needed") {
        mode.restarts_when_lost_ = true;
    } else if (name == "configuration_based") {
        const auto chosen = [&](const char* what) {
            return settings.boolean(format("snapshot.mode.configuration.based.{}", what), false);
        };
        mode.data_ = chosen("snapshot.data") ? When::Always : When::Never;
        mode.structure_ = chosen("snapshot.schema") ? When::Always : When::Never;
        mode.streams_ = chosen("start.stream");
        mode.restores_history_ = chosen("snapshot.on.schema.error");
        mode.restarts_when_lost_ = chosen("snapshot.on.data.error");
    } else if (name != "initial") {
        throw ConfigError("snapshot.mode",
                          format("The 'snapshot.mode' value is invalid: '{}' is none here; use initial, initial_only, "
                                 "always, no_data, never, when_needed, recovery or configuration_based",
                                 name));
    }
    return mode;
}

}  // namespace millrace::engine
