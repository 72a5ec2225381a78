#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "source/engine/incremental_snapshot.h"
#include "source/engine/record_shape.h"

namespace millrace::engine {

/// Reads the rows of an initial snapshot's tables from one view of the server. Used by one thread; several readers,
/// whose views show the same rows, share the tables. All of its functions throw what ends the task's run.
class RowReader {
  public:
    virtual ~RowReader() = default;

    /// The following calls are about this table. `select`: the user's statement in place of ours; empty: none.
    virtual void open(const relational::TableId& table, const std::string& select) = 0;
    /// Of the open table; stays good for rows that were read from it.
    virtual std::shared_ptr<RecordShape> shape() const = 0;
    /// Has the table a key by whose order it can be read from one place to another?
    virtual bool has_ranges() const = 0;
    virtual int64_t estimated_rows() = 0;
    /// The key that stands so many rows behind `after` (nothing: from the first); nothing: there are not so many.
    virtual std::optional<SnapshotKey> key_behind(const std::optional<SnapshotKey>& after, size_t rows) = 0;

    /// What is read: with `in_order` the rows behind `after`, up to and with `to`, by key, else all rows as they come.
    struct Extent {
        std::optional<SnapshotKey> after, to;
        bool in_order = false;
    };
    /// The statement that read() runs, for the log.
    virtual std::string statement(const Extent& extent) const = 0;
    /// A row: its struct and its key's.
    struct Row {
        std::string row_json, key_json;
    };
    /// Puts row after row into `row` and calls `each`, until that returns false.
    virtual void read(const Extent& extent, Row& row, const std::function<bool()>& each) = 0;
    /// The key of the row that read() has just given.
    virtual SnapshotKey current_key() const = 0;
};

}  // namespace millrace::engine
