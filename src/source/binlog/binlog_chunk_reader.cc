#include "source/binlog/binlog_chunk_reader.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/text.h"
#include "source/binlog/temporal_text.h"

namespace millrace::binlog {
namespace {

relational::TableId table_id(const std::string& dotted) {
    const size_t dot = dotted.find('.');
    if (dot == std::string::npos) return {"", dotted};
    return {dotted.substr(0, dot), dotted.substr(dot + 1)};
}

}  // namespace

BinlogChunkReader::BinlogChunkReader(const Dialect& dialect, Options options, SchemaState& schema, ChangeWriter& writer)
    : dialect_(dialect), options_(std::move(options)), schema_(schema), writer_(writer) {
    if (options_.mark_table)
        marks_.emplace(
            engine::WindowMarks::Options{quote_table(options_.mark_table->database, options_.mark_table->table),
                                         options_.deletes_marks, quote_text});
}

/// A server that is away ends the task's run, which takes the snapshot up again; what the server refuses is a fault of
/// the table.
template <typename Work>
auto BinlogChunkReader::with_connection(Work&& work) {
    try {
        if (!connection_ || !connection_->ping()) {
            connection_ = std::make_unique<Connection>(options_.connection);
            prepare_for_reading(*connection_);
        }
        return work(*connection_);
    } catch (const ServerError& fault) {
        if (is_retriable(fault.code))
            throw RetriableError(format("The connection for the incremental snapshot broke: {}", fault.message));
        throw engine::ChunkFault(fault.message);
    }
}

std::vector<std::string> BinlogChunkReader::tables() {
    std::vector<std::string> names;
    for (const auto& [id, table] : schema_.catalog().tables)
        if (schema_.filters().captures(id)) names.push_back(id.dotted());
    return names;
}

BinlogChunkReader::Readiness BinlogChunkReader::open(const engine::SnapshotCollection& collection) {
    const auto id = table_id(collection.table);
    const auto table = schema_.catalog().tables.find(id);
    if (table == schema_.catalog().tables.end() || !schema_.filters().captures(id)) return Readiness::UnknownSchema;
    plan_ = schema_.plan(id);
    condition_ = collection.condition;
    std::vector<std::string> key = schema_.key_columns(table->second);
    is_unique_ = collection.surrogate_key.empty() && key == table->second.primary_key;
    if (!collection.surrogate_key.empty()) {
        if (table->second.find(collection.surrogate_key) == nullptr)
            throw engine::ChunkFault(format("the surrogate key \"{}\" does not exist in table {}",
                                            collection.surrogate_key, collection.table));
        key = {collection.surrogate_key};
    }
    if (key.empty()) return Readiness::NoKey;
    select_ = std::make_unique<TableSelect>(table->second, *plan_, key);
    return Readiness::Ready;
}

std::optional<engine::SnapshotKey> BinlogChunkReader::maximum_key() {
    return with_connection([&](Connection& connection) {
        std::optional<engine::SnapshotKey> key;
        connection.stream(select_->last_key(condition_), [&](const TextRow& row) {
            key = select_->bare_key_of(row);
            return true;
        });
        return key;
    });
}

void BinlogChunkReader::append_rows(std::vector<Row>& rows, const std::string& sql) {
    with_connection([&](Connection& connection) {
        connection.stream(sql, [&](const TextRow& text) {
            Row row;
            plan_->append_text_row(row.row_json, text.values, text.lengths, places_);
            if (plan_->has_key()) {
                const size_t end = row.row_json.size();
                plan_->append_key(row.row_json, places_);
                row.key_json.assign(row.row_json, end);
                row.row_json.resize(end);
            }
            row.key = select_->key_of(text);
            rows.push_back(std::move(row));
            return true;
        });
        return 0;
    });
}

std::vector<engine::ChunkReader::Row> BinlogChunkReader::read(const std::optional<engine::SnapshotKey>& after,
                                                              const engine::SnapshotKey& maximum) {
    std::vector<Row> rows;
    const auto to = after || options_.bounds_first_chunk ? std::optional(maximum) : std::nullopt;
    append_rows(rows, select_->range(after, to, condition_, options_.chunk_rows));
    if (is_unique_ || rows.size() < options_.chunk_rows) return rows;
    // The chunk may end between rows with the same value; the next one begins behind that value.
    const engine::SnapshotKey last = rows.back().key;
    std::erase_if(rows, [&](const auto& row) { return row.key == last; });
    append_rows(rows, select_->equal(last, condition_));
    return rows;
}

void BinlogChunkReader::write(topiclog::AppendBatch& batch, const Row& row, bool is_last) {
    SourceInfo info = options_.place();
    info.ts_us = now_ns() / 1000;
    info.snapshot = is_last ? options_.last_marker : options_.marker;
    info.database = plan_->id().database;
    info.table = plan_->id().table;
    info.query.reset();
    writer_.write_read(batch, plan_, row.row_json, row.key_json, info);
}

/// A view that the stream is not ahead of: what it has written already is in the view.
void BinlogChunkReader::open_view(const std::string& chunk) {
    if (!control_ || !control_->ping()) control_ = std::make_unique<Connection>(options_.connection);
    for (int64_t tries = 0;; ++tries) {
        const SnapshotView view =
            dialect_.open_view({connection_.get()}, *control_, options_.connection, options_.view, {});
        if (!options_.is_beyond(view.file, view.position)) {
            window_ = PositionWindow{chunk, view.file, view.position};
            return;
        }
        connection_->execute("ROLLBACK");
        constexpr int64_t kTriesMax = 1000;
        if (tries == kTriesMax) throw RetriableError("No view of the server's rows catches up with its log");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));  // until the engine has committed what the log holds
    }
}

void BinlogChunkReader::open_window(const std::string& chunk) {
    with_connection([&](Connection& connection) {
        if (!marks_) {
            open_view(chunk);
            return 0;
        }
        connection.execute(marks_->open(chunk));
        return 0;
    });
}

void BinlogChunkReader::close_window(const std::string& chunk) {
    with_connection([&](Connection& connection) {
        if (!marks_) {
            connection.execute("ROLLBACK");
            window_->is_complete = true;
            return 0;
        }
        connection.execute(marks_->close(chunk));
        return 0;
    });
}

}  // namespace millrace::binlog
