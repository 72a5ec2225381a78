#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/java_serialization.h"
#include "source/engine/notifier.h"
#include "source/engine/record_queue.h"
#include "source/engine/source_figures.h"

namespace millrace::engine {

using SnapshotKey = std::vector<java_serialization::Value>;

/// A table that an incremental snapshot reads.
struct SnapshotCollection {
    std::string table;          ///< "database.table"
    std::string condition;      ///< An additional condition, SQL; empty: none.
    std::string surrogate_key;  ///< A column to read by in place of the key; empty: none.
    /// The rows behind `after` up to and with `to` alone, where they are given.
    std::optional<SnapshotKey> after = {}, to = {};
};

/// What of an incremental snapshot must outlive a restart; the offset carries it.
struct IncrementalSnapshotState {
    std::string correlation_id;  ///< The signal's id.
    std::deque<SnapshotCollection> collections;
    std::optional<SnapshotKey> last_sent;  ///< Of the table in front; nothing: none of its rows were sent yet.
    std::optional<SnapshotKey> maximum;    ///< Where that table's reading ends; nothing: not asked yet.
};

/// A chunk could not be read; the snapshot goes on with the next table.
struct ChunkFault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What a database does for incremental snapshots. Called by the source's thread.
class ChunkReader {
  public:
    enum class Readiness { Ready, UnknownSchema, NoKey };
    struct Row {
        std::string key_json;  ///< The record's key; empty: it has none.
        std::string row_json;
        SnapshotKey key;
    };
    virtual ~ChunkReader() = default;

    /// The tables that are known, "database.table", for expanding regular expressions.
    virtual std::vector<std::string> tables() = 0;
    /// The following calls are about this one.
    virtual Readiness open(const SnapshotCollection& collection) = 0;
    /// The greatest key; nothing if the table is empty. Throws ChunkFault.
    virtual std::optional<SnapshotKey> maximum_key() = 0;
    /// The next rows behind `after` up to `maximum`, in order; all rows of the last key are among them. Throws
    /// ChunkFault.
    virtual std::vector<Row> read(const std::optional<SnapshotKey>& after, const SnapshotKey& maximum) = 0;
    /// Writes the row's read event. `is_last`: of the whole snapshot.
    virtual void write(topiclog::AppendBatch& batch, const Row& row, bool is_last) = 0;
    /// How many rows read() gives at most, but for those of its last key.
    virtual size_t chunk_rows() const = 0;

    /// Marks the moment before a chunk is read, and the one behind it, in the log that is being streamed. Rows that
    /// change in between appear between the two marks. Throws ChunkFault.
    virtual void open_window(const std::string& chunk) = 0;
    virtual void close_window(const std::string& chunk) = 0;

    /// Where windows are marked by a place in the log and not by what is written to it: the chunk whose window is open
    /// and that was read; nullptr: none.
    virtual const std::string* positioned_window() const { return nullptr; }
    /// Has the stream come to that place?
    virtual bool is_window_passed() const { return false; }
    virtual void forget_window() {}
};

/// What of an initial snapshot is left after an interruption, and tables that are captured anew, is read in the same
/// way.
enum class SnapshotKind { Signalled, Rest };

/// Reads tables chunk by chunk while streaming goes on (the watermark method of Netflix's DBLog). A chunk is read
/// between two marks; once the stream reaches the first, rows that change are dropped from the chunk, and when it
/// reaches the second, what is left is written. Used by the source's thread; what touches the batch or the state is
/// done under the record queue's lock.
class IncrementalSnapshot {
  public:
    IncrementalSnapshot(SnapshotKind kind, ChunkReader& reader, RecordQueue& queue, Notifier& notifier,
                        SourceFigures& figures, std::string logger);

    /// Takes up what a restart interrupted, before anything else; go_on() reads its next chunk.
    void adopt(IncrementalSnapshotState state);
    void go_on();
    /// nullptr: none is running.
    const IncrementalSnapshotState* state() const { return state_.collections.empty() ? nullptr : &state_; }

    struct Condition {
        std::string tables;  ///< A regular expression.
        std::string filter;
    };
    /// execute-snapshot. `tables`: regular expressions or names. Under the record queue's lock: what is asked for
    /// becomes durable with the signal that asks for it. begin() starts it.
    void enqueue(const std::string& id, const std::vector<std::string>& tables,
                 const std::vector<Condition>& conditions, const std::string& surrogate_key);
    void begin();
    /// stop-snapshot; an empty list means all.
    void stop(const std::vector<std::string>& tables);
    void pause();
    void unpause();

    /// The stream has reached a mark: `mark` begins with the chunk's id.
    void window_opened(const std::string& mark);
    void window_closed(const std::string& mark);
    /// Keeps to so many rows a second: the next chunk waits, and tick(), called now and then, reads it when it is due.
    void set_rows_per_second_max(int64_t rows) { rows_per_second_max_ = rows; }
    void tick();
    /// A row of this table was changed. Under the record queue's lock.
    void row_changed(const std::string& table, std::string_view key_json) {
        if (is_window_open_ && !window_.empty()) drop(table, key_json);
    }
    /// Does a change of this table matter now?
    bool watches(const std::string& table) const {
        return is_window_open_ && !state_.collections.empty() && state_.collections.front().table == table;
    }
    /// The table's structure was changed: its chunk is read again.
    void schema_changed(const std::string& table);

  private:
    using Row = ChunkReader::Row;

    void drop(const std::string& table, std::string_view key_json);
    bool is_expected(const std::string& mark) const { return !chunk_.empty() && mark.starts_with(chunk_); }
    void read_chunk();
    bool read_front();
    void put_in_window(std::vector<Row> rows);
    void postpone(const std::string& cause);
    void send_window();
    void next_collection();
    void finish_table(const std::string& status);
    void act_on_stop();
    std::string names() const;
    std::vector<std::string> expanded(const std::vector<std::string>& tables);
    void notify(const std::string& type, const Notifier::Data& data = {});

    const SnapshotKind kind_;
    ChunkReader& reader_;
    RecordQueue& queue_;
    Notifier& notifier_;
    SourceFigures& figures_;
    const std::string logger_;
    IncrementalSnapshotState state_;
    std::optional<SnapshotKey> read_to_;  ///< Of the chunk in the window.
    std::string chunk_;                   ///< Id of the chunk that is being read.
    bool is_window_open_ = false;
    bool ends_snapshot_ = false;  ///< The window holds the last rows of the last table.
    bool is_paused_ = false;
    bool is_new_ = false;  ///< enqueue() was called while nothing ran.
    std::list<Row> window_;
    std::unordered_map<std::string, std::list<Row>::iterator> by_key_;
    std::vector<std::string> to_stop_;
    int64_t rows_scanned_ = 0;
    int64_t rows_per_second_max_ = 0;  ///< 0: no bound.
    int64_t next_chunk_ms_ = 0;        ///< When it may be read.
    bool is_waiting_ = false;          ///< For that.
    bool is_postponed_ = false;        ///< The chunk could not be read at the first try.
    int64_t started_ms_ = 0;
};

}  // namespace millrace::engine
