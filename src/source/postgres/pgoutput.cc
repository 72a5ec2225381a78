#include "source/postgres/pgoutput.h"

#include "base/byte_cursor.h"

namespace millrace::postgres {
namespace {

/// Between PostgreSQL's epoch, 2000-01-01, and 1970.
constexpr int64_t kEpochMicros = 946'684'800'000'000;

uint32_t u32(ByteCursor& cursor) {
    return static_cast<uint32_t>(cursor.big(4));
}
Lsn lsn(ByteCursor& cursor) {
    return {cursor.big(8)};
}
int64_t time_us(ByteCursor& cursor) {
    const uint64_t micros = cursor.big(8) + static_cast<uint64_t>(kEpochMicros);  // wraps where the server is wrong
    return static_cast<int64_t>(micros);
}

void read_tuple(ByteCursor& cursor, Tuple& tuple) {
    const auto count = static_cast<size_t>(cursor.big(2));
    tuple.clear();
    for (size_t i = 0; i < count && cursor.ok(); ++i) {
        TupleValue value;
        switch (cursor.u8()) {
            case 'n':
                break;
            case 'u':
                value.state = TupleValue::State::Unchanged;
                break;
            case 't':
                value.state = TupleValue::State::Text;
                value.text = cursor.bytes(u32(cursor));
                break;
            default:
                cursor.fail();
        }
        tuple.push_back(value);
    }
}

Relation read_relation(ByteCursor& cursor) {
    Relation relation;
    relation.id = u32(cursor);
    relation.schema = cursor.null_terminated();
    if (relation.schema.empty()) relation.schema = "pg_catalog";
    relation.table = cursor.null_terminated();
    relation.identity = static_cast<char>(cursor.u8());
    const auto count = static_cast<size_t>(cursor.big(2));
    for (size_t i = 0; i < count && cursor.ok(); ++i) {
        Relation::Column column;
        column.is_key = (cursor.u8() & 1) != 0;
        column.name = cursor.null_terminated();
        column.type = u32(cursor);
        column.modifier = static_cast<int32_t>(u32(cursor));
        relation.columns.push_back(column);
    }
    return relation;
}

Update read_update(ByteCursor& cursor, Tuple& old_row, Tuple& new_row) {
    Update update;
    update.relation = u32(cursor);
    old_row.clear();
    auto kind = static_cast<char>(cursor.u8());
    if (kind == 'K' || kind == 'O') {
        update.old_kind = kind;
        read_tuple(cursor, old_row);
        kind = static_cast<char>(cursor.u8());
    }
    if (kind != 'N') cursor.fail();
    read_tuple(cursor, new_row);
    return update;
}

Truncate read_truncate(ByteCursor& cursor) {
    Truncate truncate;
    const uint32_t count = u32(cursor);
    cursor.u8();  // CASCADE, RESTART IDENTITY
    for (uint32_t i = 0; i < count && cursor.ok(); ++i) truncate.relations.push_back(u32(cursor));
    return truncate;
}

LogicalMessage read_logical_message(ByteCursor& cursor) {
    LogicalMessage message;
    message.is_transactional = (cursor.u8() & 1) != 0;
    message.lsn = lsn(cursor);
    message.prefix = cursor.null_terminated();
    message.content = cursor.bytes(u32(cursor));
    return message;
}

Begin read_begin(ByteCursor& cursor) {
    Begin begin;
    begin.final = lsn(cursor);
    begin.committed_us = time_us(cursor);
    begin.xid = u32(cursor);
    return begin;
}

Commit read_commit(ByteCursor& cursor) {
    Commit commit;
    cursor.u8();
    commit.commit = lsn(cursor);
    commit.end = lsn(cursor);
    commit.committed_us = time_us(cursor);
    return commit;
}

StreamCommit read_stream_commit(ByteCursor& cursor) {
    const uint32_t xid = u32(cursor);
    return {xid, read_commit(cursor)};
}

StreamAbort read_stream_abort(ByteCursor& cursor) {
    const uint32_t xid = u32(cursor);
    return {xid, u32(cursor)};
}

Origin read_origin(ByteCursor& cursor) {
    Origin origin;
    origin.commit = lsn(cursor);
    origin.name = cursor.null_terminated();
    return origin;
}

Insert read_insert(ByteCursor& cursor, Tuple& new_row) {
    const Insert insert{u32(cursor)};
    if (cursor.u8() != 'N') cursor.fail();
    read_tuple(cursor, new_row);
    return insert;
}

Delete read_delete(ByteCursor& cursor, Tuple& old_row) {
    Delete remove;
    remove.relation = u32(cursor);
    remove.old_kind = static_cast<char>(cursor.u8());
    read_tuple(cursor, old_row);
    return remove;
}

}  // namespace

bool parse_message(std::string_view bytes, Message& message, Tuple& old_row, Tuple& new_row) {
    ByteCursor cursor(bytes);
    switch (cursor.u8()) {
        case 'B':
            message = read_begin(cursor);
            break;
        case 'C':
            message = read_commit(cursor);
            break;
        case 'O':
            message = read_origin(cursor);
            break;
        case 'R':
            message = read_relation(cursor);
            break;
        case 'Y':
            message = TypeName{u32(cursor)};
            break;
        case 'I':
            message = read_insert(cursor, new_row);
            break;
        case 'U':
            message = read_update(cursor, old_row, new_row);
            break;
        case 'D':
            message = read_delete(cursor, old_row);
            break;
        case 'T':
            message = read_truncate(cursor);
            break;
        case 'M':
            message = read_logical_message(cursor);
            break;
        case 'S':
            message = StreamStart{u32(cursor)};
            break;
        case 'E':
            message = StreamStop{};
            break;
        case 'c':
            message = read_stream_commit(cursor);
            break;
        case 'A':
            message = read_stream_abort(cursor);
            break;
        default:
            cursor.fail();
    }
    return cursor.ok();
}

}  // namespace millrace::postgres
