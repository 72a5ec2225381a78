#include "source/binlog/lost_log.h"

#include "base/text.h"

namespace millrace::binlog {

FatalError lost_log(Connection& connection, const BinlogOffset& offset, const std::string& cause) {
    std::string wanted = format("{}:{}", offset.file, offset.position);
    if (!offset.gtids.empty()) wanted += format(" (GTIDs {})", offset.gtids);
    const auto logs = connection.rows("SHOW BINARY LOGS");
    const std::string first = logs.empty() ? "none" : logs[0][0].value_or("");
    return FatalError(format(
        "The server cannot send the log that the connector wants: {}. Wanted: {}; the first log still there: {}. "
        "If the log was purged: set snapshot.mode=when_needed and restart the connector for a new snapshot by itself; "
        "or stop the connector, DELETE its offsets and start it for one now; or connect to a server that still has "
        "the log. Keep logs for longer with binlog_expire_logs_seconds (expire_logs_days)",
        cause, wanted, first));
}

std::optional<std::string> lost_since(Connection& connection, ddl::Server server, const BinlogOffset& offset) {
    if (server == ddl::Server::MySql && !offset.gtids.empty()) {
        const auto has_all =
            connection.value(format("SELECT GTID_SUBSET(@@GLOBAL.gtid_purged, {})", quote_text(offset.gtids)));
        if (has_all == "1") return std::nullopt;
        return format("the server has purged transactions that are not in the offset's GTIDs {}", offset.gtids);
    }
    const auto logs = connection.rows("SHOW BINARY LOGS");
    if (server == ddl::Server::MariaDb && !offset.gtids.empty() && !logs.empty()) {
        // File names say nothing of another server; what its oldest log begins with does.
        const std::string oldest =
            connection.value(format("SELECT BINLOG_GTID_POS({}, 4)", quote_text(logs[0][0].value_or(""))));
        const auto begins = MariaDbGtidPosition::parse(oldest);
        const auto have = MariaDbGtidPosition::parse(offset.gtids);
        if (oldest.empty() || (begins && have && have->contains(*begins))) return std::nullopt;
        return format("its oldest log, {}, begins behind GTID position {}, and the offset is at {}",
                      logs[0][0].value_or(""), oldest, offset.gtids);
    }
    for (const auto& row : logs)
        if (row[0] == offset.file) return std::nullopt;
    return format("the server has no log file {} any more", offset.file);
}

}  // namespace millrace::binlog
