#include "source/binlog/snapshot_rest.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/log.h"
#include "base/text.h"
#include "source/binlog/snapshot_place.h"
#include "source/binlog/table_reader.h"

namespace millrace::binlog {

SnapshotRest::SnapshotRest(const Dialect& dialect, const ConnectionOptions& connection,
                           engine::SnapshotRows::Options rows, relational::NamePatterns included, SchemaState& schema,
                           const ServerTables& server, std::string logger)
    : dialect_(dialect),
      connection_(connection),
      rows_(std::move(rows)),
      included_(std::move(included)),
      schema_(schema),
      server_tables_(server),
      logger_(std::move(logger)) {}

bool SnapshotRest::has_chunks(const relational::TableId& id) const {
    const auto& table = schema_.catalog().tables.at(id);
    const auto plan = schema_.plan(id);
    if (table.primary_key.empty() || !plan->has_key() || rows_.selects.contains(id.dotted())) return false;
    return TableSelect(table, *plan, table.primary_key).can_resume();
}

engine::IncrementalSnapshotState SnapshotRest::tables(const BinlogOffset& offset) const {
    std::vector<relational::TableId> all;
    for (const auto& [id, table] : schema_.catalog().tables)
        if (schema_.filters().captures(id) && !schema_.filters().is_signal_table(id) &&
            (included_.empty() || included_.match(id.dotted())))
            all.push_back(id);
    schema_.filters().sort_for_snapshot(all);
    return offset.progress.rest(all, offset.in_snapshot);
}

bool SnapshotRest::is_unaltered(Connection& view, const relational::TableId& id) const {
    const auto now = server_tables_.read(view, id);
    return now && now->columns == schema_.catalog().tables.at(id).columns;
}

bool SnapshotRest::read_whole_tables(engine::IncrementalSnapshotState& state, BinlogOffset& offset,
                                     ChangeWriter& writer, engine::RecordQueue& queue, engine::Notifier& notifier,
                                     const std::stop_token& stop) {
    std::vector<relational::TableId> whole;
    for (const auto& [id, table] : schema_.catalog().tables) {
        const auto is_it = [&, name = id.dotted()](const auto& collection) { return collection.table == name; };
        if (std::none_of(state.collections.begin(), state.collections.end(), is_it) || has_chunks(id)) continue;
        whole.push_back(id);
        std::erase_if(state.collections, is_it);
    }
    if (whole.empty()) return true;
    Connection view(connection_);
    Connection control(connection_);
    prepare_for_reading(view);
    ViewOptions how;
    const SnapshotView opened = dialect_.open_view({&view}, control, connection_, how, stop);
    for (const auto& id : whole)
        if (!is_unaltered(view, id)) return false;
    log::info(logger_, format("{} table(s) without a key to go on from are read again as a whole, as of {}:{}",
                              whole.size(), opened.file, opened.position));
    {
        auto entry = queue.enter();
        for (const auto& id : whole) offset.read_at[id.dotted()] = {opened.file, opened.position};
    }
    SnapshotPlace place;
    place.ts_us = now_ms() / 1000 * 1'000'000;
    place.file = opened.file;
    place.position = opened.position;
    engine::SnapshotRows::Options options = rows_;
    options.last_marker = state.collections.empty() ? "last" : "true";
    options.logger = logger_;
    options.tell_source = [&](auto& text, const auto& table, auto marker) {
        place.tell(text, writer.head(), table, marker);
    };
    TableReader reader(view, !opened.holds_table_locks, schema_);
    engine::SnapshotRows(std::move(options), writer, queue, notifier, offset.progress)
        .read({&reader}, whole, whole, stop);
    return true;
}

}  // namespace millrace::binlog
