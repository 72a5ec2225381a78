#include "source/binlog/snapshot_steering.h"

#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace millrace::binlog {

SnapshotSteering::SnapshotSteering(Options options, SnapshotInProgress signalled, SnapshotInProgress rest,
                                   engine::SignalActions& actions, engine::SignalInbox& inbox,
                                   const relational::Filters& filters, engine::RecordQueue& queue, BinlogOffset& offset)
    : options_(options),
      signalled_(signalled),
      rest_(rest),
      actions_(actions),
      inbox_(inbox),
      filters_(filters),
      queue_(queue),
      offset_(offset) {}

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
        engine::Signal signal{column(0), column(1), column(2)};
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
            if (signal.offset) offset_.signal_offset = signal.offset;
        }
        actions_.act(signal);
    }
}

/// Windows that are marked by positions: has the stream come to one, between two transactions?
void SnapshotSteering::pass_windows(const SnapshotInProgress& side, bool in_transaction) {
    const auto opened = [&] {
        PositionWindow* window = side.reader.window();
        if (window != nullptr) side.snapshot.window_opened(window->chunk);
        return window;
    };
    while (const PositionWindow* window = opened()) {
        if (in_transaction || !is_at_or_before(window->file, window->position, offset_.file, offset_.position)) return;
        const std::string chunk = window->chunk;
        side.reader.forget_window();
        side.snapshot.window_closed(chunk);  // reads the next chunk
    }
    side.snapshot.tick();
    opened();
}

void SnapshotSteering::complete_offset() {
    const auto* state = signalled_.snapshot.state();
    offset_.incremental = state != nullptr ? *state : engine::IncrementalSnapshotState{};
    note_rest();
}

/// What of an initial snapshot is left.
void SnapshotSteering::note_rest() {
    if (offset_.progress.empty()) return;
    const auto* state = rest_.snapshot.state();
    if (state == nullptr) {
        offset_.in_snapshot = false;
        offset_.progress = {};
        return;
    }
    auto& progress = offset_.progress;
    for (const auto& [table, ranges] : progress.left) progress.done.insert(table);
    progress.left.clear();
    for (const auto& collection : state->collections) {
        const bool is_front = &collection == &state->collections.front();
        progress.left[collection.table].push_back({is_front ? state->last_sent : collection.after, collection.to});
        progress.done.erase(collection.table);
    }
    if (!offset_.in_snapshot) progress.done.clear();
}

}  // namespace millrace::binlog
