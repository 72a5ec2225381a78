#include "source/postgres/postgres_chunk_reader.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>
#include <utility>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/iso_text.h"
#include "base/text.h"

namespace millrace::postgres {
namespace {

relational::TableId table_id(const std::string& dotted) {
    const size_t dot = dotted.find('.');
    if (dot == std::string::npos) return {"public", dotted};
    return {dotted.substr(0, dot), dotted.substr(dot + 1)};
}

/// Where the next record would be written may lie behind a page's header; the last one ended before it.
Lsn without_page_header(Lsn place) {
    constexpr uint64_t kPage = 8192, kShortHeader = 24, kLongHeader = 40;
    const uint64_t in_page = place.value % kPage;
    if (in_page == kShortHeader || in_page == kLongHeader) place.value -= in_page;
    return place;
}

}  // namespace

PostgresChunkReader::PostgresChunkReader(Options options, Connection& control, SchemaState& schema,
                                         engine::ChangeWriter& writer)
    : options_(std::move(options)), control_(control), schema_(schema), writer_(writer) {
    if (options_.mark_table)
        marks_.emplace(
            engine::WindowMarks::Options{quote_table(options_.mark_table->database, options_.mark_table->table),
                                         options_.deletes_marks, quote_text});
}

/// A server that is away ends the task's run, which takes the snapshot up again; what the server refuses is a fault of
/// the table.
template <typename Work>
auto PostgresChunkReader::with_connection(Work&& work) {
    try {
        if (!connection_ || !connection_->is_alive()) {
            window_.reset();
            connection_ = std::make_unique<Connection>(options_.connection);
        }
        if (!marks_ && !window_) open_view(*connection_);
        return work(*connection_);
    } catch (const ServerError& fault) {
        if (is_retriable(fault))
            throw RetriableError(format("The connection for the incremental snapshot broke: {}", fault.message));
        connection_.reset();  // a transaction that failed does nothing more; what is left is read from a new view
        is_stale_ = true;
        throw engine::ChunkFault(fault.message);
    }
}

std::vector<std::string> PostgresChunkReader::tables() {
    Catalog catalog(control_, schema_.types());
    std::vector<std::string> names;
    for (const auto& id : captured_tables(catalog, schema_.filters())) names.push_back(id.dotted());
    std::sort(names.begin(), names.end());
    return names;
}

/// A table that neither a snapshot nor the log has told of yet is as the catalogue says.
PostgresChunkReader::Readiness PostgresChunkReader::open(const engine::SnapshotCollection& collection) {
    const auto id = table_id(collection.table);
    if (!schema_.filters().captures(id)) return Readiness::UnknownSchema;
    if (std::exchange(is_stale_, false) || !schema_.tables().contains(id)) {
        auto table = Catalog(control_, schema_.types()).read(id);
        if (!table) return Readiness::UnknownSchema;
        schema_.learn(std::move(*table));
    }
    const PgTable& table = schema_.table(id);
    plan_ = schema_.plan(id);
    condition_ = collection.condition;
    std::vector<std::string> key = schema_.key_columns(id);
    is_unique_ = collection.surrogate_key.empty() && key == table.primary_key;
    if (!collection.surrogate_key.empty()) {
        if (table.find(collection.surrogate_key) == nullptr)
            throw engine::ChunkFault(format("the surrogate key \"{}\" does not exist in table {}",
                                            collection.surrogate_key, collection.table));
        key = {collection.surrogate_key};
    }
    if (key.empty()) return Readiness::NoKey;
    select_ = std::make_unique<TableSelect>(table, *plan_, key);
    return Readiness::Ready;
}

std::optional<engine::SnapshotKey> PostgresChunkReader::maximum_key() {
    return with_connection([&](Connection& connection) {
        std::optional<engine::SnapshotKey> key;
        connection.stream(
            select_->last_key(condition_), [](const auto&) {},
            [&](const TextRow& row) {
                key = select_->bare_key_of(row);
                return true;
            });
        return key;
    });
}

void PostgresChunkReader::append_rows(std::vector<Row>& rows, const std::string& sql) {
    selected_places_.resize(plan_->selected_columns().size());
    std::iota(selected_places_.begin(), selected_places_.end(), 0);
    with_connection([&](Connection& connection) {
        try {
            connection.stream(
                sql, [](const auto&) {},
                [&](const TextRow& text) {
                    Row row;
                    plan_->append_selected(row.row_json, row.key_json, result_tuple(text, selected_places_, tuple_),
                                           places_);
                    row.key = select_->key_of(text);
                    rows.push_back(std::move(row));
                    return true;
                });
        } catch (const FatalError& fault) {  // the table was altered, and the stream has not come to that
            connection_.reset();
            is_stale_ = true;
            throw engine::ChunkFault(fault.what());
        }
        return 0;
    });
}

std::vector<engine::ChunkReader::Row> PostgresChunkReader::read(const std::optional<engine::SnapshotKey>& after,
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

void PostgresChunkReader::write(topiclog::AppendBatch& batch, const Row& row, bool is_last) {
    SourceInfo info = options_.place();
    info.ts_us = now_ns() / 1000;
    info.snapshot = is_last ? options_.last_marker : options_.marker;
    info.schema = plan_->id().database;
    info.table = plan_->id().table;
    info.lsn.reset();
    info.xid.reset();
    info.xmin.reset();
    info.origin = {};
    writer_.begin_event(batch, plan_, false);
    append_source(writer_.source_text().before_row, writer_.head(), info);
    writer_.write_read(batch, row.row_json, row.key_json);
}

void PostgresChunkReader::open_view(Connection& connection) {
    for (int64_t tries = 0;; ++tries) {
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        const auto snapshot = connection.value("SELECT txid_current_snapshot()::text");
        if (!options_.is_ahead(UnseenTransactions::of(snapshot.value_or("")))) break;
        connection.execute("ROLLBACK");
        constexpr int64_t kTriesMax = 1000;
        if (tries == kTriesMax) throw RetriableError("No view of the server's rows catches up with its log");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));  // until what the log holds can be seen
    }
    const auto end = connection.value(
        "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE "
        "pg_catalog.pg_current_wal_insert_lsn() END");
    window_ = Window{chunk_, without_page_header(Lsn::from_text(end.value_or("")).value_or(Lsn{}))};
}

void PostgresChunkReader::open_window(const std::string& chunk) {
    chunk_ = chunk;
    window_.reset();
    with_connection([&](Connection& connection) {
        if (!marks_) return 0;  // its view is open
        connection.execute(marks_->open(chunk));
        return 0;
    });
}

void PostgresChunkReader::close_window(const std::string& chunk) {
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

}  // namespace millrace::postgres
