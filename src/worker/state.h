#pragma once

#include <string_view>

namespace millrace::worker {

/// Kafka Connect's states of connectors and tasks.
enum class State { Unassigned, Running, Paused, Failed, Restarting, Stopped };
std::string_view name_of(State state);
/// Unassigned for words that are none.
State state_from(std::string_view name);

}  // namespace millrace::worker
