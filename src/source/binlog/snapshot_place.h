#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "relational/table.h"
#include "source/engine/change_writer.h"

namespace millrace::binlog {

/// What is the same in the source struct of all rows of a snapshot.
struct SnapshotPlace {
    int64_t ts_us = 0;
    std::string file, gtids;
    uint64_t position = 0;
    uint32_t server_id = 0;
    std::string gtid;
    std::optional<uint32_t> thread;

    /// As SnapshotRows::Options::tell_source wants it.
    void tell(engine::ChangeWriter::SourceText& text, const events::SourceHead& head, const relational::TableId& table,
              std::string_view marker) const;
};

}  // namespace millrace::binlog
