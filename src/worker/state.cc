#include "worker/state.h"

#include <array>

namespace millrace::worker {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"UNASSIGNED", "RUNNING",    "PAUSED",
                                                    "FAILED",     "RESTARTING", "STOPPED"};

}  // namespace

std::string_view name_of(State state) {
    return kNames[static_cast<size_t>(state)];
}

State state_from(std::string_view name) {
    for (size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i] == name) return static_cast<State>(i);
    return State::Unassigned;
}

}  // namespace millrace::worker
