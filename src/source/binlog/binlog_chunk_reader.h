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

namespace millrace::binlog {

/// Two places in the log that a chunk was read between.
struct PositionWindow {
    std::string chunk;
    BinlogOffset low, high;
    bool is_complete = false;  ///< `high` is known.
    bool is_open = false;      ///< The stream has reached `low`.
};

/// Reads the chunks of incremental snapshots from MySQL and MariaDB, and marks their windows: with rows of the signal
/// table, which the stream brings back, or without writing anything, by the log's position before and after
/// (read.only=true, and whatever is not asked for by the signal table). Used by the source's thread.
class BinlogChunkReader final : public engine::ChunkReader {
  public:
    struct Options {
        ConnectionOptions connection;
        size_t chunk_rows = 1024;                       ///< incremental.snapshot.chunk.size
        std::optional<relational::TableId> mark_table;  ///< The signal table; nothing: windows are positions.
        bool deletes_marks = false;                     ///< incremental.snapshot.watermarking.strategy=insert_delete
        std::string_view marker = "incremental";        ///< source.snapshot
        std::function<SourceInfo()> place;              ///< Where the stream is.
    };
    BinlogChunkReader(const Dialect& dialect, Options options, SchemaState& schema, ChangeWriter& writer);

    std::vector<std::string> tables() override;
    Readiness open(const engine::SnapshotCollection& collection) override;
    std::optional<engine::SnapshotKey> maximum_key() override;
    std::vector<Row> read(const std::optional<engine::SnapshotKey>& after, const engine::SnapshotKey& maximum) override;
    void write(topiclog::AppendBatch& batch, const Row& row) override;
    void open_window(const std::string& chunk) override;
    void close_window(const std::string& chunk) override;

    /// Where windows are positions: the one that the stream has not passed yet; nullptr: none.
    PositionWindow* window() { return window_ && window_->is_complete ? &*window_ : nullptr; }
    void forget_window() { window_.reset(); }

  private:
    template <typename Work>
    auto with_connection(Work&& work);
    void append_rows(std::vector<Row>& rows, const std::string& sql);

    const Dialect& dialect_;
    const Options options_;
    SchemaState& schema_;
    ChangeWriter& writer_;
    std::unique_ptr<Connection> connection_;
    std::shared_ptr<TablePlan> plan_;
    std::unique_ptr<TableSelect> select_;
    std::string condition_;
    bool is_unique_ = true;  ///< No two rows have the same value of what the table is read by.
    KeyPlaces places_;
    std::string opened_at_;  ///< The window's first mark, ISO 8601.
    std::optional<PositionWindow> window_;
};

}  // namespace millrace::binlog
