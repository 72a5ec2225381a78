#include "source/engine/snapshot_rows.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::engine {

/// One table on its way. Guarded by the mutex, but for what is told to be under the queue's lock.
struct SnapshotRows::Table {
    relational::TableId id;
    size_t number = 0;
    std::string select;                 ///< snapshot.select.statement.overrides; empty: none.
    bool is_cut = false;                ///< Into ranges of keys, for several threads.
    bool has_checkpoints = false;       ///< A restart goes on within it; else it is read again as a whole.
    std::optional<SnapshotKey> cut_to;  ///< Everything up to here has been given out.
    bool is_given_out = false;
    size_t ranges_open = 0;
    int64_t rows = 0;
    int64_t started_ms = 0;
    std::vector<SnapshotProgress::Range> left;  ///< Under the queue's lock.
};

/// A part of a table that one thread reads.
struct SnapshotRows::Range {
    Table& table;
    std::optional<SnapshotKey> after, to;
    bool is_first = true, is_last = true;  ///< Of the table's.
    int64_t rows = 0;
};

/// A row that is held back until it is known whether another follows: the last one is marked.
struct SnapshotRows::Pending {
    std::shared_ptr<RecordShape> shape;
    RowReader::Row row;
    bool is_first = false;  ///< Of the first table.
    bool is_first_of_table = false, is_last_of_table = false;
    Table* table = nullptr;
    std::optional<SnapshotKey> begin;       ///< Of its range: finds it among the table's.
    std::optional<SnapshotKey> checkpoint;  ///< Everything in the range up to here is written with this row.
    bool ends_range = false;
};

/// What one thread works with.
struct SnapshotRows::Reader {
    RowReader& rows;
    std::shared_ptr<RecordShape> shape;
    RowReader::Row row;
    Pending pending;
    bool has_pending = false;
};

SnapshotRows::SnapshotRows(Options options, ChangeWriter& writer, RecordQueue& queue, Notifier& notifier,
                           SnapshotProgress& progress)
    : options_(std::move(options)),
      writer_(writer),
      queue_(queue),
      notifier_(notifier),
      progress_(progress),
      limit_(options_.rows_per_second_max) {}

SnapshotRows::~SnapshotRows() = default;

void SnapshotRows::info(const std::string& message) const {
    log::info(options_.logger, message);
}

namespace {

std::vector<std::string> dotted(const std::vector<relational::TableId>& ids) {
    std::vector<std::string> names;
    for (const auto& id : ids) names.push_back(id.dotted());
    return names;
}

/// In the order of a java.util.HashSet made from them, which is what Debezium's notifications list.
std::string joined_as_java_copies(const std::vector<std::string>& names) {
    size_t capacity = 16;
    while (capacity < names.size() * 4 / 3 + 1) capacity *= 2;
    std::vector<std::string> ordered;
    for (const size_t i : java_hash_order(names, capacity)) ordered.push_back(names[i]);
    return join(ordered, ",");
}

}  // namespace

int64_t SnapshotRows::read(const std::vector<RowReader*>& row_readers, const std::vector<relational::TableId>& tables,
                           const std::vector<relational::TableId>& captured, const std::stop_token& stop) {
    caller_ = std::this_thread::get_id();
    table_names_ = joined_as_java_copies(dotted(tables));
    captured_names_ = join(dotted(captured), ",");
    for (const auto& id : tables) {
        auto table = std::make_unique<Table>();
        table->id = id;
        table->number = tables_.size() + 1;
        const auto select = options_.selects.find(id.dotted());
        if (select != options_.selects.end()) table->select = select->second;
        tables_.push_back(std::move(table));
    }
    reader_count_ = row_readers.size();
    options_.figures->tables_total = options_.figures->tables_left = static_cast<int64_t>(tables.size());
    queue_.set_bulk(true);
    std::vector<std::unique_ptr<Reader>> readers;
    for (auto* rows : row_readers) readers.push_back(std::make_unique<Reader>(Reader{.rows = *rows}));

    std::stop_source stop_all;
    const std::stop_callback pass_on(stop, [&] { stop_all.request_stop(); });
    std::exception_ptr fault;
    const auto run = [&](Reader& reader) {
        try {
            work(reader, stop_all.get_token());
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!fault) fault = std::current_exception();
            stop_all.request_stop();
        }
    };
    {
        std::vector<std::jthread> threads;
        for (size_t i = 1; i < readers.size(); ++i)
            threads.emplace_back([&, i] {
                pthread_setname_np(pthread_self(), format("snapshot-{}", i).c_str());
                run(*readers[i]);
            });
        run(*readers[0]);
    }
    if (fault) std::rethrow_exception(fault);
    if (stop.stop_requested()) return rows_;
    Reader* last = nullptr;
    for (auto& reader : readers) {
        if (!reader->has_pending) continue;
        if (last != nullptr) emit_pending(*last);
        last = reader.get();
    }
    if (last != nullptr) emit(*last, options_.last_marker);
    queue_.set_bulk(false);
    return rows_;
}

void SnapshotRows::work(Reader& reader, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto range = next_range(reader);
        if (!range) return;
        if (!read_range(reader, *range, stop)) return;
        finish_range(reader, *range);
    }
}

/// What this reader reads next; nullptr: nothing is left.
std::unique_ptr<SnapshotRows::Range> SnapshotRows::next_range(Reader& reader) {
    const std::lock_guard lock(mutex_);
    if (cutting_ != nullptr) {
        Table& table = *cutting_;
        begin_table(reader, table);
        return cut_range(reader, table);
    }
    if (next_table_ == tables_.size()) return nullptr;
    Table& table = *tables_[next_table_++];
    auto range = begin_table(reader, table);
    return table.is_cut ? cut_range(reader, table) : std::move(range);
}

/// Compiles what the reader needs for the table; the first one to do so decides how the table is read.
std::unique_ptr<SnapshotRows::Range> SnapshotRows::begin_table(Reader& reader, Table& table) {
    reader.rows.open(table.id, table.select);
    reader.shape = reader.rows.shape();
    if (table.started_ms != 0) return nullptr;
    table.started_ms = steady_ms();
    info(format("Exporting data from table '{}' ({} of {} tables)", table.id.dotted(), table.number, tables_.size()));
    {
        auto entry = queue_.enter();
        notifier_.initial(entry.batch(), "IN_PROGRESS",
                          {{"current_collection_in_progress", table.id.dotted()}, {"data_collections", table_names_}});
    }
    const bool can_resume = table.select.empty() && reader.rows.has_ranges();
    if (can_resume && (options_.keeps_progress || reader_count_ > 1)) {
        // A small table is read in one piece, in whatever order the server gives it.
        const int64_t rows = reader.rows.estimated_rows();
        const auto chunk = static_cast<int64_t>(options_.chunk_rows);
        table.has_checkpoints = options_.keeps_progress && rows > chunk;
        table.is_cut = reader_count_ > 1 && rows > 2 * chunk;
        if (table.is_cut) cutting_ = &table;
    }
    if (options_.keeps_progress) {
        auto entry = queue_.enter();
        table.left.push_back({});
        note_left(table);
    }
    table.ranges_open = 1;
    ++options_.figures->table(table.id.dotted()).chunks;
    return std::make_unique<Range>(Range{table, std::nullopt, std::nullopt});
}

/// The next range of a table that is read by several threads. The index alone is read to find where it ends.
std::unique_ptr<SnapshotRows::Range> SnapshotRows::cut_range(Reader& reader, Table& table) {
    constexpr size_t kChunksARange = 4;
    const auto after = table.cut_to;
    const auto to = reader.rows.key_behind(after, options_.chunk_rows * kChunksARange);
    if (after) {
        ++table.ranges_open;
        ++options_.figures->table(table.id.dotted()).chunks;
    }
    table.cut_to = to;
    if (!to) cutting_ = nullptr;
    if (options_.keeps_progress) {
        auto entry = queue_.enter();
        table.left.back().to = to;
        if (to) table.left.push_back({to, std::nullopt});
        note_left(table);
    }
    return std::make_unique<Range>(Range{table, after, to, !after, !to});
}

/// Under the queue's lock.
void SnapshotRows::note_left(const Table& table) {
    const std::string name = table.id.dotted();
    if (table.left.empty()) {
        progress_.left.erase(name);
        progress_.done.insert(name);
    } else {
        progress_.left[name] = table.left;
    }
}

/// False if it was stopped.
bool SnapshotRows::read_range(Reader& reader, Range& range, const std::stop_token& stop) {
    const Table& table = range.table;
    const RowReader::Extent extent{range.after, range.to, table.has_checkpoints || table.is_cut};
    if (range.is_first)
        info(
            format("\t For table '{}' using select statement: '{}'", table.id.dotted(), reader.rows.statement(extent)));
    int64_t last_progress = steady_ms();
    bool is_whole = true;
    reader.rows.read(extent, reader.row, [&] {
        take_row(reader, range);
        constexpr int64_t kRowsBetweenLooks = 1024;
        if (range.rows % kRowsBetweenLooks != 0) return true;
        options_.figures->snapshot_rows += kRowsBetweenLooks;
        limit_.wait(kRowsBetweenLooks, stop);
        if (options_.beside && std::this_thread::get_id() == caller_) options_.beside();
        if (steady_ms() - last_progress >= options_.progress_interval_ms) {
            last_progress = steady_ms();
            info(format("\t Exported {} records for table '{}' after {}", range.rows, table.id.dotted(),
                        duration_text(last_progress - table.started_ms)));
        }
        is_whole = !stop.stop_requested();
        return is_whole;
    });
    if (!is_whole) return false;
    options_.figures->snapshot_rows += range.rows % 1024;
    return true;
}

void SnapshotRows::take_row(Reader& reader, Range& range) {
    if (reader.has_pending) emit_pending(reader);  // it has a successor, so it is not the last
    Pending& pending = reader.pending;
    pending.shape = reader.shape;
    pending.is_first_of_table = range.rows == 0 && range.is_first;
    pending.is_first = pending.is_first_of_table && range.table.number == 1;  // if that is empty, no row is the first
    pending.is_last_of_table = false;
    pending.table = &range.table;
    pending.checkpoint.reset();
    pending.ends_range = false;
    pending.begin = range.after;
    std::swap(pending.row, reader.row);
    reader.has_pending = true;
    ++range.rows;
    if (range.table.has_checkpoints && range.rows % static_cast<int64_t>(options_.chunk_rows) == 0) {
        pending.checkpoint = reader.rows.current_key();
        range.after = pending.checkpoint;  // what is left of the range is known by it from then on
    }
}

void SnapshotRows::emit_pending(Reader& reader) {
    const Pending& pending = reader.pending;
    emit(reader, pending.is_first            ? "first"
                 : pending.is_last_of_table  ? "last_in_data_collection"
                 : pending.is_first_of_table ? "first_in_data_collection"
                                             : "true");
}

void SnapshotRows::emit(Reader& reader, std::string_view marker) {
    const Pending& pending = reader.pending;
    auto entry = queue_.enter();
    writer_.begin_event(entry.batch(), pending.shape, false);
    options_.tell_source(writer_.source_text(), pending.shape->id(), marker);
    writer_.write_read(entry.batch(), pending.row.row_json, pending.row.key_json);
    reader.has_pending = false;
    if (pending.checkpoint || pending.ends_range) {
        auto& left = pending.table->left;
        const auto at =
            std::find_if(left.begin(), left.end(), [&](const auto& range) { return range.after == pending.begin; });
        if (at != left.end() && pending.ends_range)
            left.erase(at);
        else if (at != left.end())
            at->after = pending.checkpoint;
        note_left(*pending.table);
    }
    MILLRACE_FAILPOINT("snapshot.row");
}

/// The range is read; its last row may still be held back.
void SnapshotRows::finish_range(Reader& reader, Range& range) {
    Table& table = range.table;
    if (range.rows > 0) {
        reader.pending.is_last_of_table = range.is_last;
        reader.pending.ends_range = options_.keeps_progress;
    } else if (options_.keeps_progress) {
        auto entry = queue_.enter();
        std::erase_if(table.left, [&](const auto& left) { return left.after == range.after; });
        note_left(table);
    }
    ++options_.figures->table(table.id.dotted()).chunks_done;
    int64_t rows = 0;
    {
        const std::lock_guard lock(mutex_);
        table.rows += range.rows;
        rows_ += range.rows;
        rows = table.rows;
        const bool is_complete = --table.ranges_open == 0 && cutting_ != &table;
        if (!is_complete) return;
        --options_.figures->tables_left;
    }
    info(format("\t Finished exporting {} records for table '{}' ({} of {} tables); total duration '{}'", rows,
                table.id.dotted(), table.number, tables_.size(), duration_text(steady_ms() - table.started_ms)));
    auto entry = queue_.enter();
    notifier_.initial(entry.batch(), "TABLE_SCAN_COMPLETED",
                      {{"scanned_collection", table.id.dotted()},
                       {"total_rows_scanned", std::to_string(rows)},
                       {"status", "SUCCEEDED"},
                       {"data_collections", captured_names_}});
}

}  // namespace millrace::engine
