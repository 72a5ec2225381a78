#include "source/postgres/replication_slot.h"

#include "base/text.h"

namespace millrace::postgres {

std::optional<SlotState> find_slot(Connection& connection, const std::string& name) {
    const int version = connection.server_version();
    const auto rows = connection.rows(
        format("SELECT plugin, database, active, active_pid, restart_lsn, confirmed_flush_lsn, {}, {}, {} FROM "
               "pg_catalog.pg_replication_slots WHERE slot_name = {}",
               version >= 130000 ? "wal_status" : "NULL", version >= 130000 ? "safe_wal_size" : "NULL",
               version >= 170000 ? "invalidation_reason" : "NULL", quote_text(name)));
    if (rows.empty()) return std::nullopt;
    const auto& row = rows[0];
    SlotState slot;
    slot.plugin = row[0].value_or("");
    slot.database = row[1].value_or("");
    slot.is_active = row[2] == "t";
    slot.holder = row[3].value_or("");
    slot.restart = Lsn::from_text(row[4].value_or("")).value_or(Lsn{});
    slot.confirmed = Lsn::from_text(row[5].value_or("")).value_or(Lsn{});
    slot.wal_status = row[6].value_or("");
    if (row[7]) slot.safe_bytes = parse_int(*row[7]);
    slot.invalidation = row[8].value_or("");
    return slot;
}

NewSlot create_slot(Connection& connection, const std::string& name, bool is_temporary, bool is_failover) {
    const bool has_options = connection.server_version() >= 150000;
    std::string command =
        format("CREATE_REPLICATION_SLOT {} {}LOGICAL pgoutput", quote_name(name), is_temporary ? "TEMPORARY " : "");
    if (has_options)
        command += is_failover && connection.server_version() >= 170000 ? " (SNAPSHOT 'export', FAILOVER)"
                                                                        : " (SNAPSHOT 'export')";
    else
        command += " EXPORT_SNAPSHOT";
    const auto rows = connection.rows(command);
    return {Lsn::from_text(rows.at(0).at(1).value_or("")).value_or(Lsn{}), rows[0][2].value_or("")};
}

void drop_slot(Connection& connection, const std::string& name) {
    connection.execute(format("SELECT pg_catalog.pg_drop_replication_slot({})", quote_text(name)));
}

}  // namespace millrace::postgres
