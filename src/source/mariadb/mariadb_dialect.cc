#include "source/mariadb/mariadb_dialect.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::mariadb {

using binlog::BinlogOffset;
using binlog::Connection;
using binlog::SnapshotView;

SnapshotView MariaDbDialect::open_view(Connection& view, Connection&, const binlog::ConnectionOptions&,
                                       const binlog::ViewOptions&, const std::stop_token&) const {
    view.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    view.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
    SnapshotView opened;
    for (const auto& row : view.rows("SHOW STATUS LIKE 'binlog_snapshot_%'")) {
        if (iequals(row[0].value_or(""), "Binlog_snapshot_file")) opened.file = row[1].value_or("");
        if (iequals(row[0].value_or(""), "Binlog_snapshot_position"))
            opened.position = static_cast<uint64_t>(parse_int(row[1].value_or("")).value_or(0));
    }
    if (opened.file.empty())
        throw FatalError("The server writes no binary log; start it with --log-bin and --binlog-format=ROW");
    opened.gtids =
        view.value(format("SELECT BINLOG_GTID_POS({}, {})", binlog::quote_text(opened.file), opened.position));
    opened.method = "without a lock";
    return opened;
}

BinlogOffset MariaDbDialect::log_end(Connection& connection) const {
    const auto rows = connection.rows("SHOW MASTER STATUS");
    if (rows.empty() || rows[0].size() < 2 || !rows[0][0])
        throw FatalError("The server writes no binary log; start it with --log-bin and --binlog-format=ROW");
    BinlogOffset offset;
    offset.file = *rows[0][0];
    offset.position = static_cast<uint64_t>(parse_int(rows[0][1].value_or("0")).value_or(0));
    offset.gtids =
        connection.value(format("SELECT BINLOG_GTID_POS({}, {})", binlog::quote_text(offset.file), offset.position));
    return offset;
}

void MariaDbDialect::aim(binlog::DumpRequest& request, const BinlogOffset& offset, Connection&) const {
    request.file = offset.file;
    request.position = offset.position;
    if (offset.gtids.empty()) return;
    request.by_gtid = true;
    request.mariadb_gtids = offset.gtids;
    request.position = 4;
}

}  // namespace millrace::mariadb
