#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/binlog/change_writer.h"
#include "source/binlog/connection.h"
#include "source/binlog/dialect.h"
#include "source/binlog/schema_state.h"
#include "source/binlog/table_select.h"
#include "source/engine/incremental_snapshot.h"
#include "source/engine/window_marks.h"

namespace millrace::binlog {

/// The place in the log whose rows a chunk shows: what the stream has not come to by then is in the chunk, and what
/// changes behind it is told to the snapshot until the chunk is written.
struct PositionWindow {
    std::string chunk;
    std::string file;
    uint64_t position = 0;
    bool is_complete = false;  ///< The chunk was read.
};

/// Reads the chunks of incremental snapshots from MySQL and MariaDB, and marks their windows: with rows of the signal
/// table, which the stream brings back; or, without writing anything, the chunk is read from a view whose place in the
/// log is known (read.only=true, and whatever is not asked for by the signal table). Positions before and after a plain
/// SELECT would not do: a transaction stands in the log before its rows can be seen. Used by the source's thread.
class BinlogChunkReader final : public engine::ChunkReader {
  public:
    struct Options {
        ConnectionOptions connection;
        size_t chunk_rows = 1024;                       ///< incremental.snapshot.chunk.size
        std::optional<relational::TableId> mark_table;  ///< The signal table; nothing: windows are positions.
        bool deletes_marks = false;                     ///< incremental.snapshot.watermarking.strategy=insert_delete
        std::string_view marker = "incremental";        ///< source.snapshot
        std::string_view last_marker = "incremental";
        bool bounds_first_chunk = false;  ///< Debezium's first chunk may go beyond the greatest key.
        ViewOptions view;
        std::function<SourceInfo()> place;  ///< Of the event that was handled last.
        /// Whether the stream, between two transactions, has come to a place.
        std::function<bool(const std::string& file, uint64_t position)> has_passed;
        /// Whether the stream has read the log beyond a place.
        std::function<bool(const std::string& file, uint64_t position)> is_beyond;
    };
    BinlogChunkReader(const Dialect& dialect, Options options, SchemaState& schema, ChangeWriter& writer);

    std::vector<std::string> tables() override;
    Readiness open(const engine::SnapshotCollection& collection) override;
    std::optional<engine::SnapshotKey> maximum_key() override;
    std::vector<Row> read(const std::optional<engine::SnapshotKey>& after, const engine::SnapshotKey& maximum) override;
    void write(topiclog::AppendBatch& batch, const Row& row, bool is_last) override;
    size_t chunk_rows() const override { return options_.chunk_rows; }
    void open_window(const std::string& chunk) override;
    void close_window(const std::string& chunk) override;

    const std::string* positioned_window() const override {
        return window_ && window_->is_complete ? &window_->chunk : nullptr;
    }
    bool is_window_passed() const override { return options_.has_passed(window_->file, window_->position); }
    void forget_window() override { window_.reset(); }

  private:
    template <typename Work>
    auto with_connection(Work&& work);
    void open_view(const std::string& chunk);
    void append_rows(std::vector<Row>& rows, const std::string& sql);

    const Dialect& dialect_;
    const Options options_;
    SchemaState& schema_;
    ChangeWriter& writer_;
    std::unique_ptr<Connection> connection_, control_;
    std::shared_ptr<TablePlan> plan_;
    std::unique_ptr<TableSelect> select_;
    std::string condition_;
    bool is_unique_ = true;  ///< No two rows have the same value of what the table is read by.
    engine::KeyPlaces places_;
    std::optional<engine::WindowMarks> marks_;  ///< Nothing: windows are places in the log.
    std::optional<PositionWindow> window_;
};

}  // namespace millrace::binlog
