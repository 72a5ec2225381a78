#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/engine/change_writer.h"
#include "source/engine/incremental_snapshot.h"
#include "source/engine/window_marks.h"
#include "source/postgres/schema_state.h"
#include "source/postgres/source_info.h"
#include "source/postgres/table_select.h"
#include "source/postgres/unseen_transactions.h"

namespace millrace::postgres {

/// Reads the chunks of incremental snapshots, and marks their windows: with rows of the signal table, which the stream
/// brings back; or, without writing anything (read.only=true, no signal table), the chunk is read from a view, and the
/// window ends where the log was when the view was open: all that the view shows was committed before. Such a view must
/// not lag behind the stream: a transaction stands in the log before its rows can be seen. Used by the source's thread.
class PostgresChunkReader final : public engine::ChunkReader {
  public:
    struct Options {
        ConnectionOptions connection;
        size_t chunk_rows = 1024;                       ///< incremental.snapshot.chunk.size
        std::optional<relational::TableId> mark_table;  ///< The signal table; nothing: windows are places in the log.
        bool deletes_marks = false;                     ///< incremental.snapshot.watermarking.strategy=insert_delete
        std::string_view marker = "incremental";        ///< source.snapshot
        std::string_view last_marker = "incremental";
        bool bounds_first_chunk = false;      ///< Debezium's first chunk may go beyond the greatest key.
        std::function<SourceInfo()> place;    ///< Of the event that was handled last.
        std::function<bool(Lsn)> has_passed;  ///< Has the stream, between two transactions, come to a place?
        std::function<bool(const UnseenTransactions&)> is_ahead;  ///< Has the stream brought one of these transactions?
    };
    /// `control` is for looking at the catalogue.
    PostgresChunkReader(Options options, Connection& control, SchemaState& schema, engine::ChangeWriter& writer);

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
    bool is_window_passed() const override { return options_.has_passed(window_->end); }
    void forget_window() override { window_.reset(); }

  private:
    struct Window {
        std::string chunk;
        Lsn end;  ///< What the chunk shows was committed before this place.
        bool is_complete = false;
    };
    template <typename Work>
    auto with_connection(Work&& work);
    void open_view(Connection& connection);
    void append_rows(std::vector<Row>& rows, const std::string& sql);

    const Options options_;
    Connection& control_;
    SchemaState& schema_;
    engine::ChangeWriter& writer_;
    std::unique_ptr<Connection> connection_;
    std::shared_ptr<TablePlan> plan_;
    std::unique_ptr<TableSelect> select_;
    bool is_stale_ = false;  ///< The table may have been altered: the catalogue has its structure.
    std::string condition_;
    bool is_unique_ = true;  ///< No two rows have the same value of what the table is read by.
    engine::KeyPlaces places_;
    Tuple tuple_;
    std::vector<int> selected_places_;          ///< Of the plan's columns in the result: the first ones.
    std::string chunk_;                         ///< Whose window was opened last.
    std::optional<engine::WindowMarks> marks_;  ///< Nothing: windows are places in the log.
    std::optional<Window> window_;
};

}  // namespace millrace::postgres
