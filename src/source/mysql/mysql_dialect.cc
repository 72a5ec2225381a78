#include "source/mysql/mysql_dialect.h"

#include "base/errors.h"
#include "base/text.h"
#include "source/binlog/lost_log.h"

namespace millrace::mysql {

using binlog::BinlogOffset;
using binlog::Connection;
using binlog::GtidSet;

namespace {

/// SHOW MASTER STATUS has been SHOW BINARY LOG STATUS since 8.4.
std::string status_statement(const Connection& connection) {
    return connection.server_version() >= 80400 ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
}

std::string normalized(const std::string& gtids) {
    const auto set = GtidSet::parse(gtids);
    return set ? set->text() : gtids;
}

}  // namespace

BinlogOffset MySqlDialect::log_end(Connection& connection) const {
    const auto rows = connection.rows(status_statement(connection));
    if (rows.empty() || rows[0].size() < 2 || !rows[0][0])
        throw FatalError("The server writes no binary log; start it with --log-bin (and binlog_format=ROW)");
    BinlogOffset offset;
    offset.file = *rows[0][0];
    offset.position = static_cast<uint64_t>(parse_int(rows[0][1].value_or("0")).value_or(0));
    if (rows[0].size() > 4 && rows[0][4]) offset.gtids = normalized(*rows[0][4]);
    return offset;
}

void MySqlDialect::aim(binlog::DumpRequest& request, const BinlogOffset& offset, const binlog::GtidFilter& filter,
                       Connection& control) const {
    request.file = offset.file;
    request.position = offset.position;
    if (offset.gtids.empty() || !iequals(control.value("SELECT @@GLOBAL.gtid_mode"), "ON")) return;
    auto have = GtidSet::parse(offset.gtids);
    if (!have) throw FatalError(format("The stored offset's gtids '{}' are no GTID set", offset.gtids));
    const std::string purged = normalized(control.value("SELECT @@GLOBAL.gtid_purged"));
    const auto gone = GtidSet::parse(purged);
    if (gone && filter.is_active())
        have->add(gone->without([&](const std::string& uuid) { return filter.includes(uuid); }));
    if (gone && !have->contains(*gone))
        throw binlog::lost_log(control, offset, format("it has purged the transactions {}", purged));
    request.by_gtid = true;
    request.gtids = *have;
    request.file.clear();
    request.position = 4;
}

}  // namespace millrace::mysql
