#include "source/postgres/snapshot_rest.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/log.h"
#include "base/text.h"
#include "source/postgres/replication_slot.h"
#include "source/postgres/source_info.h"
#include "source/postgres/table_reader.h"

namespace millrace::postgres {

/// Can the chunk reader read it by the key that its records have?
bool SnapshotRest::has_chunks(const relational::TableId& id) const {
    const auto& key = schema_.table(id).primary_key;
    return !key.empty() && schema_.key_columns(id) == key && !rows_.selects.contains(id.dotted());
}

engine::IncrementalSnapshotState SnapshotRest::tables(Connection& control, const PostgresOffset& offset) const {
    Catalog catalog(control, schema_.types());
    std::vector<relational::TableId> wanted;
    for (const auto& id : captured_tables(catalog, schema_.filters())) {
        if (schema_.filters().is_signal_table(id) || !(included_.empty() || included_.match(id.dotted()))) continue;
        auto table = catalog.read(id);
        if (!table) continue;  // dropped meanwhile
        schema_.learn(std::move(*table));
        wanted.push_back(id);
    }
    return offset.progress.rest(wanted, offset.in_snapshot);
}

void SnapshotRest::read_whole_tables(engine::IncrementalSnapshotState& state, PostgresOffset& offset,
                                     engine::ChangeWriter& writer, engine::RecordQueue& queue,
                                     engine::Notifier& notifier, const std::stop_token& stop) const {
    std::vector<relational::TableId> whole;
    for (const auto& [id, table] : schema_.tables()) {
        const auto is_it = [&, name = id.dotted()](const auto& collection) { return collection.table == name; };
        if (std::none_of(state.collections.begin(), state.collections.end(), is_it) || has_chunks(id)) continue;
        whole.push_back(id);
        std::erase_if(state.collections, is_it);
    }
    if (whole.empty()) return;
    Connection exporter(connection_, Connection::Kind::Replication);
    const NewSlot slot = create_slot(exporter, format("{}_{}", slot_.substr(0, 40), now_ms()), true, false);
    Connection view(connection_);
    view.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    view.execute("SET TRANSACTION SNAPSHOT " + quote_text(slot.snapshot));
    log::info(logger_, format("{} table(s) without a key to go on from are read as a whole, as of {}", whole.size(),
                              slot.consistent.text()));
    {
        auto entry = queue.enter();
        for (const auto& id : whole) offset.read_at[id.dotted()] = slot.consistent;
    }
    engine::SnapshotRows::Options options = rows_;
    options.last_marker = state.collections.empty() ? "last" : "true";
    options.logger = logger_;
    options.tell_source = [&, begun_us = now_ns() / 1000](auto& text, const auto& table, auto marker) {
        SourceInfo source;
        source.ts_us = begun_us;
        source.snapshot = marker;
        source.database = connection_.database;
        source.schema = table.database;
        source.table = table.table;
        source.lsn = slot.consistent;
        append_source(text.before_row, writer.head(), source);
    };
    TableReader reader(view, schema_);
    engine::SnapshotRows(std::move(options), writer, queue, notifier, offset.progress)
        .read({&reader}, whole, whole, stop);
}

}  // namespace millrace::postgres
