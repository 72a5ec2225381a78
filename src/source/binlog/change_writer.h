#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "source/binlog/source_info.h"
#include "source/binlog/table_plan.h"
#include "source/engine/incremental_snapshot.h"
#include "source/engine/source_figures.h"
#include "source/engine/transaction_monitor.h"
#include "topiclog/append_batch.h"

namespace millrace::binlog {

/// Turns rows into records in an AppendBatch: envelope, key, headers, tombstones, and the delete-and-create pair
/// of an update that changes the key. Rows go from the log's bytes to the record's bytes in one pass.
class ChangeWriter {
  public:
    struct Options {
        ConnectorIdentity identity;
        bool tombstones = true;       ///< tombstones.on.delete
        bool context_headers = true;  ///< extended.headers.enabled
        std::string run_id;
        bool skip_create = false, skip_update = false, skip_delete = false;  ///< skipped.operations
        bool skip_unchanged = false;                                         ///< skip.messages.without.change
        engine::TransactionMonitor* transactions = nullptr;  ///< provide.transaction.metadata; nullptr: off.
        std::function<void(const std::string& topic)> topic_used;
        engine::SourceFigures* figures = nullptr;
    };
    explicit ChangeWriter(Options options);

    /// All rows of a rows event from row number `first_row` on. `info` is complete but for the table. Returns the
    /// number of rows in the event. Throws FatalError.
    uint32_t write_rows(topiclog::AppendBatch& batch, const std::shared_ptr<TablePlan>& plan, const TableMap& map,
                        const Rows& rows, const SourceInfo& info, uint32_t first_row);

    /// The same of every operation, whatever skipped.operations says, and uncounted: for reading signals.
    void write_all_rows(topiclog::AppendBatch& batch, const std::shared_ptr<TablePlan>& plan, const TableMap& map,
                        const Rows& rows, const SourceInfo& info, uint32_t first_row);

    /// One row of a snapshot: `row_json` and `key_json` were made by the plan.
    void write_read(topiclog::AppendBatch& batch, const std::shared_ptr<TablePlan>& plan, std::string_view row_json,
                    std::string_view key_json, const SourceInfo& info);

    void write_truncate(topiclog::AppendBatch& batch, const std::shared_ptr<TablePlan>& plan, const SourceInfo& info);

    const std::string& head() const { return head_; }
    /// The number of the last row within its event. Debezium goes on naming it in events that have no rows.
    uint32_t last_row() const { return last_row_; }
    const std::shared_ptr<const std::string>& headers() const { return headers_; }
    /// Rows that change are told to these from now on.
    void set_snapshots(std::vector<engine::IncrementalSnapshot*> snapshots) { snapshots_ = std::move(snapshots); }
    /// Tells topic_used once per topic.
    void note_topic(const std::string& topic);

  private:
    using Batch = topiclog::AppendBatch;
    void finish(Batch& batch, const TablePlan& plan, size_t start, char op, uint32_t row, const KeyPlaces* key,
                const std::string* headers);
    void write_delete(Batch& batch, const TablePlan& plan, std::string_view before, std::string_view key, uint32_t row,
                      const std::string* headers);
    void write_tombstone(Batch& batch, const TablePlan& plan, std::string_view key, const std::string* headers);
    /// Reads the row; writes it if it is `wanted`.
    void write_update(Batch& batch, TablePlan& plan, const TableMap& map, const Rows& rows, ByteCursor& images,
                      uint32_t row, bool wanted);
    /// Appends "before" and "after" of an update one of whose images lacks columns.
    void append_lacking_images(std::string& out, TablePlan& plan, const TableMap& map, const Rows& rows,
                               ByteCursor& images);
    void append_images(std::string& out, TablePlan& plan, const TableMap& map, const Rows& rows, ByteCursor& images);
    void append_after(std::string& out, TablePlan& plan, const TableMap& map, const Rows& rows, ByteCursor& images);
    void append_before(std::string& out, TablePlan& plan, const TableMap& map, const Rows& rows, ByteCursor& images);
    void begin_event(Batch& batch, const std::shared_ptr<TablePlan>& plan, const SourceInfo& info);
    bool is_unchanged(const std::string& out) const;
    void write_key_change(Batch& batch, const TablePlan& plan, size_t start, std::string_view old_key,
                          std::string_view new_key, uint32_t row);
    void tell_snapshots(const TablePlan& plan, std::string_view key) const;
    uint32_t write_each(topiclog::AppendBatch& batch, TablePlan& plan, const TableMap& map, const Rows& rows,
                        uint32_t first_row, bool are_wanted);
    void count(const TablePlan& plan, Rows::Kind kind, uint32_t rows, const SourceInfo& info);
    Batch::Text key_text(Batch& batch, const TablePlan& plan, std::string_view key);
    const std::string* headers_with(Batch& batch, const char* name, std::string_view value);

    Options options_;
    std::string head_;
    uint32_t last_row_ = 0;
    std::shared_ptr<const std::string> headers_;
    std::string source_before_row_;
    std::string source_after_row_;
    KeyPlaces before_places_, after_places_;
    size_t before_begin_ = 0, before_end_ = 0, after_begin_ = 0, after_end_ = 0;
    std::string old_key_, new_key_;
    int64_t* transaction_counter_ = nullptr;  ///< Of the event's table; nullptr: no transaction is open.
    std::vector<engine::IncrementalSnapshot*> snapshots_;
    bool event_lacks_columns_ = false;
    bool is_watched_ = false;  ///< A snapshot wants to know of the event's table.
    const TablePlan* noted_plan_ = nullptr;
    std::unordered_set<std::string> noted_topics_;
};

}  // namespace millrace::binlog
