#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "source/engine/offset_state.h"
#include "source/postgres/lsn.h"

namespace millrace::postgres {

/// Where to resume: behind the last transaction that is done, and how much of the one after it is. The map that
/// Debezium keeps in its offsets topic; `events_done` and `transaction_end` are our own, and make a restart exact where
/// several changes share one place in the log.
struct PostgresOffset : engine::OffsetState {
    int64_t ts_us = 0;
    std::optional<Lsn> lsn;          ///< Of the last message.
    std::optional<Lsn> processed;    ///< The same; nothing right after a snapshot ("lsn_proc").
    std::optional<Lsn> last_commit;  ///< The end of the last transaction that is done ("lsn_commit").
    Lsn passed;                      ///< Nothing commits between last_commit and here, as the server tells; 0: no word.
    std::optional<uint32_t> xid;
    std::optional<int64_t> xmin;
    std::string message_type;  ///< "BEGIN", "COMMIT", "INSERT" …; empty: none.
    uint64_t events_done = 0;  ///< Changes of the open transaction that are written.
    /// Tables that were read as a whole while the stream goes on from before that: its transactions that commit before
    /// these places are in what was read.
    std::map<std::string, Lsn> read_at;
    Lsn transaction_end;  ///< Where the open transaction commits; 0: none is open.

    /// Where the server is to begin: it sends transactions that commit behind this place.
    Lsn resume_from() const;

    std::string to_json() const;
    /// Throws FatalError if the text is no offset of this connector.
    static PostgresOffset from_json(std::string_view text);
};

}  // namespace millrace::postgres
