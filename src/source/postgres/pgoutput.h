#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "source/postgres/lsn.h"

/// The messages of the output plugin pgoutput, protocol versions 1 and 2. PostgreSQL manual, "Logical Replication
/// Message Formats". Views point into the message.
namespace millrace::postgres {

struct Begin {
    Lsn final;  ///< Where the transaction's commit record is.
    int64_t committed_us = 0;
    uint32_t xid = 0;
};
struct Commit {
    Lsn commit, end;
    int64_t committed_us = 0;
};
struct Origin {
    Lsn commit;  ///< On the origin server.
    std::string_view name;
};
struct Relation {
    struct Column {
        bool is_key = false;  ///< Part of the replica identity.
        std::string_view name;
        uint32_t type = 0;
        int32_t modifier = -1;
    };
    uint32_t id = 0;
    std::string_view schema, table;
    char identity = 'd';  ///< REPLICA IDENTITY: d default, n nothing, f full, i index.
    std::vector<Column> columns;
};
struct TypeName {
    uint32_t id = 0;
};
/// One column of a row.
struct TupleValue {
    enum class State : uint8_t { Null, Unchanged, Text };
    State state = State::Null;
    bool is_snapshot = false;
    std::string_view text;
};
using Tuple = std::vector<TupleValue>;

struct Insert {
    uint32_t relation = 0;
};
struct Update {
    uint32_t relation = 0;
    char old_kind = '\0';  ///< K: of the old row the key; O: all of it; 0: nothing.
};
struct Delete {
    uint32_t relation = 0;
    char old_kind = 'K';
};
struct Truncate {
    std::vector<uint32_t> relations;
};
struct LogicalMessage {
    bool is_transactional = false;
    Lsn lsn;
    std::string_view prefix, content;
};

/// Protocol 2: of a transaction that has not ended, messages follow up to StreamStop.
struct StreamStart {
    uint32_t xid = 0;
};
struct StreamStop {};
struct StreamCommit {
    uint32_t xid = 0;
    Commit commit;
};
struct StreamAbort {
    uint32_t xid = 0;
    uint32_t subtransaction = 0;  ///< The same as `xid`: all of it.
};

using Message = std::variant<Begin, Commit, Origin, Relation, TypeName, Insert, Update, Delete, Truncate,
                             LogicalMessage, StreamStart, StreamStop, StreamCommit, StreamAbort>;

/// Parses a message into `message`; `old_row` and `new_row` get the rows of Insert, Update and Delete. All three are
/// reused from message to message. False if the message is damaged or of an unknown kind.
bool parse_message(std::string_view bytes, Message& message, Tuple& old_row, Tuple& new_row);

}  // namespace millrace::postgres
