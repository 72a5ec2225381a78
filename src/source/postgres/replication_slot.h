#pragma once

#include <optional>
#include <string>

#include "source/postgres/connection.h"
#include "source/postgres/lsn.h"

namespace millrace::postgres {

/// A logical replication slot as pg_replication_slots shows it.
struct SlotState {
    std::string plugin, database;
    bool is_active = false;
    std::string holder;                 ///< The process that has it, while it is active.
    Lsn restart, confirmed;             ///< What the server keeps from; what it need not send again.
    std::string wal_status;             ///< "reserved", "extended", "unreserved", "lost"; empty before PostgreSQL 13.
    std::optional<int64_t> safe_bytes;  ///< How much more may be written before the slot may be lost.
    std::string invalidation;           ///< Why it was invalidated (PostgreSQL 17); empty: it was not.
};
/// Nothing if there is no such slot. Throws ServerError.
std::optional<SlotState> find_slot(Connection& connection, const std::string& name);

/// A slot that was just made, and the snapshot that shows the rows as of its place in the log. The snapshot lives as
/// long as `connection` runs no other command.
struct NewSlot {
    Lsn consistent;
    std::string snapshot;
};
/// `connection` is one of replication. Throws ServerError.
NewSlot create_slot(Connection& connection, const std::string& name, bool is_temporary, bool is_failover);
void drop_slot(Connection& connection, const std::string& name);

}  // namespace millrace::postgres
