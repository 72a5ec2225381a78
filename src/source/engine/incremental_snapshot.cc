#include "source/engine/incremental_snapshot.h"

#include <algorithm>
#include <utility>

#include "base/calendar.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/regex.h"
#include "base/text.h"

namespace millrace::engine {
namespace {

/// As java.sql.Timestamp prints itself: at least one digit of the fraction.
std::string timestamp_text(int64_t ms, int32_t nanos) {
    constexpr int64_t kMsPerDay = 86'400'000;
    const int64_t days = ms / kMsPerDay - (ms % kMsPerDay < 0 ? 1 : 0);
    const int64_t seconds = (ms - days * kMsPerDay) / 1000;
    const CivilDate date = civil_from_days(days);
    std::string fraction = format("{:09}", nanos);
    fraction.resize(std::max<size_t>(1, fraction.find_last_not_of('0') + 1));
    return format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{}", date.year, date.month, date.day, seconds / 3600,
                  seconds / 60 % 60, seconds % 60, fraction);
}

std::string shown(const java_serialization::Value& value) {
    using Kind = java_serialization::Value::Kind;
    switch (value.kind) {
        case Kind::Null:
            return "<null>";
        case Kind::Integer:
        case Kind::Long:
        case Kind::Short:
            return std::to_string(value.integer);
        case Kind::Boolean:
            return value.integer != 0 ? "true" : "false";
        case Kind::Float:
        case Kind::Double:
            return format("{}", value.number);
        case Kind::Timestamp:
            return timestamp_text(value.integer, value.nanos);
        case Kind::Date:
            return timestamp_text(value.integer, 0).substr(0, 10);
        case Kind::Time:
            return timestamp_text(value.integer, 0).substr(11, 8);
        default:
            return value.text;
    }
}

/// Java prints a key for notifications value by value.
std::string shown(const SnapshotKey& key) {
    std::vector<std::string> parts;
    for (const auto& value : key) parts.push_back(shown(value));
    return join(parts, ",");
}

std::optional<Regex> expression(const std::string& text, Regex::Case letters) {
    try {
        return Regex(text, letters);
    } catch (const std::invalid_argument&) {
        return std::nullopt;  // a name that is no expression stands for itself
    }
}

}  // namespace

IncrementalSnapshot::IncrementalSnapshot(SnapshotKind kind, ChunkReader& reader, RecordQueue& queue, Notifier& notifier,
                                         SourceFigures& figures, std::string logger)
    : kind_(kind), reader_(reader), queue_(queue), notifier_(notifier), figures_(figures), logger_(std::move(logger)) {}

void IncrementalSnapshot::notify(const std::string& type, const Notifier::Data& data) {
    auto entry = queue_.enter();
    if (kind_ == SnapshotKind::Signalled)
        notifier_.incremental(entry.batch(), state_.correlation_id, type, data);
    else if (type != "IN_PROGRESS")
        notifier_.initial(entry.batch(), type, data);
}

std::string IncrementalSnapshot::names() const {
    std::vector<std::string> tables;
    for (const auto& collection : state_.collections) tables.push_back(collection.table);
    return join(tables, ",");
}

std::vector<std::string> IncrementalSnapshot::expanded(const std::vector<std::string>& tables) {
    const auto known = reader_.tables();
    std::vector<std::string> all;
    const auto add = [&](const std::string& table) {
        if (std::find(all.begin(), all.end(), table) == all.end()) all.push_back(table);
    };
    for (const auto& wanted : tables) {
        const auto pattern = expression(wanted, Regex::Case::Matters);
        bool found = false;
        for (const auto& table : known) {
            if (pattern ? !pattern->matches(table) : table != wanted) continue;
            add(table);
            found = true;
        }
        if (!found) add(wanted);
    }
    return all;
}

void IncrementalSnapshot::adopt(IncrementalSnapshotState state) {
    state_ = std::move(state);
    if (!state_.collections.empty() && !state_.last_sent) state_.last_sent = state_.collections.front().after;
    read_to_ = state_.last_sent;
    started_ms_ = steady_ms();
    if (kind_ == SnapshotKind::Signalled)
        figures_.snapshot_paused = 0;  // a pause ends with the run that it was asked of
}

void IncrementalSnapshot::go_on() {
    if (state_.collections.empty()) return;
    log::info(logger_, format("An incremental snapshot of {} table(s) is in progress and goes on with {} behind {}",
                              state_.collections.size(), state_.collections.front().table,
                              state_.last_sent ? shown(*state_.last_sent) : "its beginning"));
    read_chunk();
}

void IncrementalSnapshot::enqueue(const std::string& id, const std::vector<std::string>& tables,
                                  const std::vector<Condition>& conditions, const std::string& surrogate_key) {
    is_new_ |= state_.collections.empty();
    for (const auto& table : expanded(tables)) {
        SnapshotCollection collection{table, "", surrogate_key};
        for (const auto& condition : conditions) {
            const auto pattern = expression(condition.tables, Regex::Case::Ignored);
            if (pattern ? !pattern->matches(table) : condition.tables != table) continue;
            collection.condition = condition.filter;
            break;
        }
        state_.collections.push_back(std::move(collection));
    }
    state_.correlation_id = id;
}

void IncrementalSnapshot::begin() {
    if (!std::exchange(is_new_, false)) return;  // what is running comes to them in its turn
    read_to_.reset();
    rows_scanned_ = 0;
    started_ms_ = steady_ms();
    log::info(logger_, format("Incremental snapshot {} of {} begins", state_.correlation_id, names()));
    notify("STARTED", {{"data_collections", names()}});
    read_chunk();
}

void IncrementalSnapshot::stop(const std::vector<std::string>& tables) {
    if (state_.collections.empty()) {
        log::warn(logger_, "No incremental snapshot is running; stop-snapshot is ignored");
        return;
    }
    if (tables.empty())
        to_stop_.emplace_back(".*");
    else
        to_stop_.insert(to_stop_.end(), tables.begin(), tables.end());
}

void IncrementalSnapshot::pause() {
    if (state_.collections.empty() || is_paused_) return;
    is_paused_ = true;
    figures_.snapshot_paused = 1;
    figures_.snapshot_paused_since_ms = now_ms();
    log::info(logger_, "The incremental snapshot is paused");
    notify("PAUSED", {{"data_collections", names()}});
}

void IncrementalSnapshot::unpause() {
    if (state_.collections.empty() || !is_paused_) return;
    is_paused_ = false;
    figures_.snapshot_paused = 0;
    figures_.snapshot_paused_ms += now_ms() - figures_.snapshot_paused_since_ms;
    log::info(logger_, "The incremental snapshot is resumed");
    notify("RESUMED", {{"data_collections", names()}});
    read_chunk();
}

void IncrementalSnapshot::act_on_stop() {
    if (to_stop_.empty()) return;
    const auto wanted = expanded(std::exchange(to_stop_, {}));
    std::vector<std::string> stopped;
    bool stops_front = false;
    {
        auto entry = queue_.enter();
        for (const auto& table : wanted) {
            if (!state_.collections.empty() && state_.collections.front().table == table) {
                stops_front = true;
                continue;
            }
            const size_t count = state_.collections.size();
            std::erase_if(state_.collections, [&](const auto& collection) { return collection.table == table; });
            if (state_.collections.size() != count) stopped.push_back(table);
        }
        if (stops_front) {
            stopped.push_back(state_.collections.front().table);
            state_.collections.pop_front();
            state_.last_sent.reset();
            state_.maximum.reset();
        }
    }
    if (stops_front) {
        read_to_.reset();
        rows_scanned_ = 0;
    }
    log::info(logger_, format("Removed from the incremental snapshot: {}", join(stopped, ",")));
    notify("ABORTED", {{"data_collections", join(stopped, ",")}});
    if (state_.collections.empty()) state_.correlation_id.clear();
}

void IncrementalSnapshot::next_collection() {
    {
        auto entry = queue_.enter();
        state_.collections.pop_front();
        state_.last_sent.reset();
        state_.maximum.reset();
        if (!state_.collections.empty()) state_.last_sent = state_.collections.front().after;
    }
    read_to_ = state_.last_sent;
    rows_scanned_ = 0;
    if (!state_.collections.empty()) return;
    log::info(logger_, format("Incremental snapshot {} completed in {}", state_.correlation_id,
                              duration_text(steady_ms() - started_ms_)));
    notify("COMPLETED");
    state_.correlation_id.clear();
}

void IncrementalSnapshot::finish_table(const std::string& status) {
    log::info(logger_, format("Incremental snapshot of table {} finished: {}, {} rows",
                              state_.collections.front().table, status, rows_scanned_));
    notify("TABLE_SCAN_COMPLETED", {{"scanned_collection", state_.collections.front().table},
                                    {"total_rows_scanned", std::to_string(rows_scanned_)},
                                    {"status", status},
                                    {"data_collections", names()}});
    next_collection();
}

/// Reads the next rows of the table in front into the window. False if there are none and another table is in front.
bool IncrementalSnapshot::read_front() {
    const std::string& table = state_.collections.front().table;
    switch (reader_.open(state_.collections.front())) {
        case ChunkReader::Readiness::Ready:
            break;
        case ChunkReader::Readiness::UnknownSchema:
            log::warn(logger_, format("Table {} is not known; the incremental snapshot skips it", table));
            finish_table("UNKNOWN_SCHEMA");
            return false;
        case ChunkReader::Readiness::NoKey:
            log::warn(logger_,
                      format("Table {} has no primary key; the incremental snapshot skips it. Name a column to "
                             "read it by with surrogate-key",
                             table));
            finish_table("NO_PRIMARY_KEY");
            return false;
    }
    try {
        if (!state_.maximum) {
            auto maximum = state_.collections.front().to ? state_.collections.front().to : reader_.maximum_key();
            if (!maximum) {
                finish_table("EMPTY");
                return false;
            }
            log::info(logger_, format("Incremental snapshot of table {} will end at {}", table, shown(*maximum)));
            auto entry = queue_.enter();
            state_.maximum = std::move(maximum);
        }
        auto rows = reader_.read(read_to_, *state_.maximum);
        if (rows.empty()) {
            finish_table("SUCCEEDED");
            return false;
        }
        is_postponed_ = false;
        rows_scanned_ += static_cast<int64_t>(rows.size());
        ends_snapshot_ = state_.collections.size() == 1 && rows.size() < reader_.chunk_rows();
        read_to_ = rows.back().key;
        put_in_window(std::move(rows));
    } catch (const ChunkFault& fault) {
        if (kind_ == SnapshotKind::Rest) throw;
        log::error(logger_, format("Incremental snapshot of table {} failed and goes on with the next: {}", table,
                                   fault.what()));
        finish_table("SQL_EXCEPTION");
        return false;
    }
    notify("IN_PROGRESS", {{"data_collections", names()},
                           {"current_collection_in_progress", table},
                           {"maximum_key", shown(*state_.maximum)},
                           {"last_processed_key", shown(*read_to_)}});
    return true;
}

void IncrementalSnapshot::put_in_window(std::vector<Row> rows) {
    auto entry = queue_.enter();
    for (auto& row : rows) {
        const auto known = row.key_json.empty() ? by_key_.end() : by_key_.find(row.key_json);
        if (known != by_key_.end()) {
            *known->second = std::move(row);
            continue;
        }
        window_.push_back(std::move(row));
        if (!window_.back().key_json.empty()) by_key_.emplace(window_.back().key_json, std::prev(window_.end()));
    }
}

void IncrementalSnapshot::read_chunk() {
    act_on_stop();
    if (state_.collections.empty() || is_paused_) return;
    chunk_ = uuid_v7();
    try {
        reader_.open_window(chunk_);
        while (!state_.collections.empty() && !read_front()) {
        }
        MILLRACE_FAILPOINT("incremental.chunk_read");
        reader_.close_window(chunk_);
    } catch (const ChunkFault& fault) {
        if (kind_ == SnapshotKind::Rest) {
            postpone(fault.what());
            return;
        }
        log::error(logger_,
                   format("The incremental snapshot cannot mark its place in the log and goes on with the next "
                          "table: {}",
                          fault.what()));
        if (!state_.collections.empty()) finish_table("SQL_EXCEPTION");
    }
}

/// No row of an initial snapshot may be left out. The table may have been altered behind the place that the stream has
/// come to; once that is passed, its rows can be read.
void IncrementalSnapshot::postpone(const std::string& cause) {
    constexpr int64_t kAgainMs = 500;
    if (!std::exchange(is_postponed_, true))
        log::warn(logger_, format("A chunk of table {} cannot be read yet and is tried again: {}",
                                  state_.collections.front().table, cause));
    is_waiting_ = true;
    next_chunk_ms_ = steady_ms() + kAgainMs;
}

void IncrementalSnapshot::window_opened(const std::string& mark) {
    if (is_expected(mark)) is_window_open_ = true;
}

void IncrementalSnapshot::window_closed(const std::string& mark) {
    if (!is_expected(mark)) return;
    is_window_open_ = false;
    const auto rows = static_cast<int64_t>(window_.size());
    send_window();
    // On an idle server tick() comes about once a second; what was not read until then is made up for.
    constexpr int64_t kSavedUpMs = 1000;
    if (rows_per_second_max_ > 0)
        next_chunk_ms_ = std::max(steady_ms() - kSavedUpMs, next_chunk_ms_) + rows * 1000 / rows_per_second_max_;
    is_waiting_ = true;
    tick();
}

void IncrementalSnapshot::tick() {
    if (!is_waiting_ || steady_ms() < next_chunk_ms_) return;
    is_waiting_ = false;
    read_chunk();
}

/// The rows and where the snapshot is now become durable together.
void IncrementalSnapshot::send_window() {
    const auto text = [](const auto& key) { return key ? shown(*key) : std::string(); };
    figures_.tell([&](auto& texts) {
        texts.chunk_id = chunk_;
        texts.chunk_from = text(state_.last_sent);
        texts.chunk_to = text(read_to_);
        texts.table_to = text(state_.maximum);
    });
    auto entry = queue_.enter();
    for (const auto& row : window_) {
        reader_.write(entry.batch(), row, ends_snapshot_ && &row == &window_.back());
        state_.last_sent = row.key;
    }
    figures_.snapshot_rows += static_cast<int64_t>(window_.size());
    window_.clear();
    by_key_.clear();
    MILLRACE_FAILPOINT("incremental.chunk_sent");
}

void IncrementalSnapshot::drop(const std::string& table, std::string_view key_json) {
    if (!watches(table)) return;
    const auto known = by_key_.find(std::string(key_json));
    if (known == by_key_.end()) return;
    window_.erase(known->second);
    by_key_.erase(known);
}

void IncrementalSnapshot::schema_changed(const std::string& table) {
    if (!watches(table) || window_.empty()) return;
    log::info(logger_, format("Table {} was altered while a chunk of it was read; the chunk is read again", table));
    {
        auto entry = queue_.enter();
        window_.clear();
        by_key_.clear();
    }
    is_window_open_ = false;
    read_to_ = state_.last_sent;
    read_chunk();
}

}  // namespace millrace::engine
