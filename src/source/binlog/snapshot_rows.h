#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "source/binlog/binlog_offset.h"
#include "source/binlog/schema_state.h"
#include "source/binlog/table_select.h"
#include "source/engine/notifier.h"
#include "source/engine/rate_limit.h"
#include "source/engine/record_queue.h"

namespace millrace::binlog {

/// Reads the rows of a snapshot's tables and writes them as read events; several connections share the tables, and one
/// large table's ranges of keys. Rows are streamed one by one, no table is held in memory.
class SnapshotRows {
  public:
    struct Options {
        engine::SourceFigures* figures = nullptr;
        size_t chunk_rows = 10'000;                  ///< `snapshot.chunk.rows`: how much is read again after a restart.
        bool keeps_progress = true;                  ///< snapshot.resume
        int64_t rows_per_second_max = 0;             ///< snapshot.max.rows.per.second; 0: no bound.
        std::map<std::string, std::string> selects;  ///< snapshot.select.statement.overrides, by table.
        int64_t progress_interval_ms = 10'000;
        std::string_view last_marker = "last";  ///< source.snapshot of the last row.
        bool savepoints = true;                 ///< Let DDL on tables pass that are read. Not behind LOCK TABLES.
    };
    /// What is the same in all rows' source struct, for as long as the snapshot takes.
    struct Place {
        int64_t ts_us = 0;
        std::string file, gtids;
        uint64_t position = 0;
        uint32_t server_id = 0;
        std::string gtid;
        std::optional<uint32_t> thread;
    };

    /// `offset.progress` is kept up to date under the queue's lock.
    SnapshotRows(Options options, SchemaState& schema, ChangeWriter& writer, engine::RecordQueue& queue,
                 engine::Notifier& notifier, BinlogOffset& offset, Place place, std::string logger);

    ~SnapshotRows();

    /// `views` show the same rows; one thread reads from each. `captured`: for notifications. Returns the number of
    /// rows. Throws RetriableError, FatalError, ServerError.
    int64_t read(const std::vector<Connection*>& views, const std::vector<relational::TableId>& tables,
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
    void take_row(Reader& reader, Range& range, const TextRow& row, const TextRow& values);
    void emit(Reader& reader, std::string_view marker);
    void emit_pending(Reader& reader);
    void finish_range(Reader& reader, Range& range);
    void note_left(const Table& table);
    void info(const std::string& message) const;

    const Options options_;
    SchemaState& schema_;
    ChangeWriter& writer_;
    engine::RecordQueue& queue_;
    engine::Notifier& notifier_;
    BinlogOffset& offset_;
    const Place place_;
    const std::string logger_;
    engine::RateLimit limit_;
    std::mutex mutex_;  ///< Of what follows.
    std::vector<std::unique_ptr<Table>> tables_;
    size_t next_table_ = 0;
    Table* cutting_ = nullptr;  ///< The table that ranges are being cut from.
    size_t reader_count_ = 1;
    int64_t rows_ = 0;
    std::string table_names_, captured_names_;
};

}  // namespace millrace::binlog
