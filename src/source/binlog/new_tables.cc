#include "source/binlog/new_tables.h"

#include "base/calendar.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "source/binlog/databases.h"
#include "source/binlog/diagnosis.h"
#include "source/engine/captured_lists.h"

namespace millrace::binlog {

NewTables::NewTables(const Dialect& dialect, const ConnectionOptions& connection, const config::Settings& settings,
                     SchemaState& schema, const ServerTables& server, std::string logger)
    : dialect_(dialect),
      connection_(connection),
      settings_(settings),
      schema_(schema),
      server_tables_(server),
      logger_(std::move(logger)) {}

std::vector<relational::TableId> NewTables::take_up(const BinlogOffset& offset, ChangeWriter& writer,
                                                    engine::RecordQueue& queue) {
    std::vector<relational::TableId> tables;
    if (offset.lists.empty() || offset.lists == engine::captured_lists(settings_, kDatabases)) return tables;
    const relational::Filters before = engine::filters_of(offset.lists, settings_, kDatabases);
    for (const auto& id : captured_tables(dialect_, settings_))
        if (!before.captures(id) && !schema_.filters().is_signal_table(id) && know(id, offset, writer, queue))
            tables.push_back(id);
    return tables;
}

/// False if it comes to be behind the offset's place: all of it is in the stream.
bool NewTables::know(const relational::TableId& id, const BinlogOffset& offset, ChangeWriter& writer,
                     engine::RecordQueue& queue) {
    if (schema_.catalog().tables.contains(id)) return true;
    Connection connection(connection_);
    auto structure = server_tables_.read(connection, id);
    if (!structure) return false;
    if (const auto later = server_tables_.ddl_behind(offset, id)) {
        if (upper(later->substr(0, 6)) == "CREATE") return false;
        throw FatalError(
            format("Table {} is captured from now on, but the schema history {} does not have it, and it was altered "
                   "behind the place that the connector has come to, {}:{} ({}). Take it out of table.include.list "
                   "until the connector has come to the end of the log, or take a new snapshot",
                   id.dotted(), schema_.options().history_topic, offset.file, offset.position, later->substr(0, 200)));
    }
    SchemaState::Place place;
    place.info.ts_us = now_ms() * 1000;
    place.info.file = offset.file;
    place.info.position = offset.position;
    place.info.gtid = "";
    place.info.database = id.database;
    place.position_json = offset.history_position().to_json();
    place.text = format("{}:{}", offset.file, offset.position);
    log::info(logger_, format("Table {} is captured from now on; its structure is the server's", id.dotted()));
    using Kind = relational::TableChange::Kind;
    auto entry = queue.enter();
    schema_.change(entry.batch(), writer, id.database, {{Kind::Create, id, std::nullopt, std::move(*structure)}},
                   place);
    return true;
}

}  // namespace millrace::binlog
