#include "source/engine/snapshot_steering.h"

#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace millrace::engine {

SnapshotSteering::SnapshotSteering(Options options, SnapshotInProgress signalled, SnapshotInProgress rest,
                                   SignalActions& actions, SignalInbox& inbox, const relational::Filters& filters,
                                   RecordQueue& queue, OffsetState& state)
    : options_(options),
      signalled_(signalled),
      rest_(rest),
      actions_(actions),
      inbox_(inbox),
      filters_(filters),
      queue_(queue),
      state_(state) {}

void SnapshotSteering::begin() {
    for (const auto* side : {&rest_, &signalled_}) side->snapshot.go_on();
    for (const auto* side : {&signalled_, &rest_}) pass_windows(*side, false);
}

/// The first three columns are id, type and data.
void SnapshotSteering::note_signals(const topiclog::AppendBatch& changes) {
    for (const auto& entry : changes.entries()) {
        if (entry.value.is_null) continue;
        auto change = parse_json(changes.full_text(entry.value));
        if (change && change->contains("payload")) change = Json((*change)["payload"]);
        if (!change || !change->is_object()) continue;
        const std::string op = change->value("op", "");
        const Json& row = op == "d" ? (*change)["before"] : (*change)["after"];
        if (!row.is_object() || row.size() < 3 || (op != "c" && !(op == "d" && options_.deletes_close))) continue;
        const auto column = [&](int n) {
            const Json& value = std::next(row.begin(), n).value();
            return value.is_string() ? value.get<std::string>() : value.is_null() ? std::string() : value.dump();
        };
        Signal signal{column(0), column(1), column(2)};
        if (op == "d") {
            signal.id = replace_all(signal.id, "open", "close");
            signal.type = "snapshot-window-close";
        }
        actions_.note(signal);
        signals_.push_back(std::move(signal));
    }
}

void SnapshotSteering::act(bool in_transaction) {
    act_on_signals();
    for (const auto* side : {&signalled_, &rest_}) pass_windows(*side, in_transaction);
}

void SnapshotSteering::act_on_signals() {
    for (const auto& table : std::exchange(altered_, {}))
        for (const auto* side : {&signalled_, &rest_}) side->snapshot.schema_changed(table);
    for (const auto& signal : std::exchange(signals_, {})) actions_.act(signal);
    for (const auto& signal : inbox_.take()) {
        {
            auto entry = queue_.enter();
            actions_.note(signal);
            if (signal.offset) state_.signal_offset = signal.offset;
        }
        actions_.act(signal);
    }
}

/// Windows that are marked by positions: has the stream come to one, between two transactions?
void SnapshotSteering::pass_windows(const SnapshotInProgress& side, bool in_transaction) {
    const auto opened = [&] {
        const std::string* window = side.reader.positioned_window();
        if (window != nullptr) side.snapshot.window_opened(*window);
        return window;
    };
    while (const std::string* window = opened()) {
        if (in_transaction || !side.reader.is_window_passed()) return;
        const std::string chunk = *window;
        side.reader.forget_window();
        side.snapshot.window_closed(chunk);  // reads the next chunk
    }
    side.snapshot.tick();
    opened();
}

void SnapshotSteering::complete_offset() {
    const auto* state = signalled_.snapshot.state();
    state_.incremental = state != nullptr ? *state : IncrementalSnapshotState{};
    note_rest();
}

/// What of an initial snapshot is left.
void SnapshotSteering::note_rest() {
    if (state_.progress.empty()) return;
    const auto* state = rest_.snapshot.state();
    if (state == nullptr) {
        state_.in_snapshot = false;
        state_.progress = {};
        return;
    }
    auto& progress = state_.progress;
    for (const auto& [table, ranges] : progress.left) progress.done.insert(table);
    progress.left.clear();
    for (const auto& collection : state->collections) {
        const bool is_front = &collection == &state->collections.front();
        progress.left[collection.table].push_back({is_front ? state->last_sent : collection.after, collection.to});
        progress.done.erase(collection.table);
    }
    if (!state_.in_snapshot) progress.done.clear();
}

}  // namespace millrace::engine
