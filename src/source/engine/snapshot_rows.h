#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "source/engine/change_writer.h"
#include "source/engine/notifier.h"
#include "source/engine/rate_limit.h"
#include "source/engine/record_queue.h"
#include "source/engine/row_reader.h"
#include "source/engine/snapshot_progress.h"

namespace millrace::engine {

/// Reads the rows of a snapshot's tables and writes them as read events; several connections share the tables, and one
/// large table's ranges of keys. Rows are streamed one by one, no table is held in memory.
class SnapshotRows {
  public:
    struct Options {
        SourceFigures* figures = nullptr;
        size_t chunk_rows = 10'000;                  ///< `snapshot.chunk.rows`: how much is read again after a restart.
        bool keeps_progress = true;                  ///< snapshot.resume
        int64_t rows_per_second_max = 0;             ///< snapshot.max.rows.per.second; 0: no bound.
        std::map<std::string, std::string> selects;  ///< snapshot.select.statement.overrides, by table.
        int64_t progress_interval_ms = 10'000;
        std::string_view last_marker = "last";  ///< source.snapshot of the last row.
        /// The source struct of a row: `marker` is its source.snapshot.
        std::function<void(ChangeWriter::SourceText& text, const relational::TableId& table, std::string_view marker)>
            tell_source;
        /// Called now and then by the thread that read() was called on: for what may not wait until the rows are read.
        std::function<void()> beside;
        std::string logger;
    };
    /// `progress` is kept up to date under the queue's lock.
    SnapshotRows(Options options, ChangeWriter& writer, RecordQueue& queue, Notifier& notifier,
                 SnapshotProgress& progress);
    ~SnapshotRows();

    /// One thread reads from each reader. `captured`: for notifications. Returns the number of rows. Throws what the
    /// readers throw.
    int64_t read(const std::vector<RowReader*>& readers, const std::vector<relational::TableId>& tables,
                 const std::vector<relational::TableId>& captured, const std::stop_token& stop);

  private:
    struct Table;
    struct Range;
    struct Pending;
    struct Reader;

    std::unique_ptr<Range> next_range(Reader& reader);
    std::unique_ptr<Range> begin_table(Reader& reader, Table& table);
    std::unique_ptr<Range> cut_range(Reader& reader, Table& table);
    void work(Reader& reader, const std::stop_token& stop);
    bool read_range(Reader& reader, Range& range, const std::stop_token& stop);
    void take_row(Reader& reader, Range& range);
    void emit(Reader& reader, std::string_view marker);
    void emit_pending(Reader& reader);
    void finish_range(Reader& reader, Range& range);
    void note_left(const Table& table);
    void info(const std::string& message) const;

    const Options options_;
    ChangeWriter& writer_;
    RecordQueue& queue_;
    Notifier& notifier_;
    SnapshotProgress& progress_;
    std::thread::id caller_;
    RateLimit limit_;
    std::mutex mutex_;  ///< Of what follows.
    std::vector<std::unique_ptr<Table>> tables_;
    size_t next_table_ = 0;
    Table* cutting_ = nullptr;  ///< The table that ranges are being cut from.
    size_t reader_count_ = 1;
    int64_t rows_ = 0;
    std::string table_names_, captured_names_;
};

}  // namespace millrace::engine
