#include "source/binlog/snapshot_place.h"

#include "source/binlog/source_info.h"

namespace millrace::binlog {

void SnapshotPlace::tell(engine::ChangeWriter::SourceText& text, const events::SourceHead& head,
                         const relational::TableId& table, std::string_view marker) const {
    SourceInfo info;
    info.ts_us = ts_us;
    info.snapshot = marker;
    info.database = table.database;
    info.table = table.table;
    info.server_id = server_id;
    info.gtid = gtid;
    info.file = file;
    info.position = position;
    info.thread = thread;
    text.has_row = true;
    append_source_before_row(text.before_row, head, info);
    append_source_after_row(text.after_row, info);
}

}  // namespace millrace::binlog
