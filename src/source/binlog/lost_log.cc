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

}  // namespace millrace::binlog
