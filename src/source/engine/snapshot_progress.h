#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "relational/table.h"
#include "source/engine/incremental_snapshot.h"

namespace millrace::engine {

/// What of an initial snapshot's rows has been written, so that one that was interrupted goes on where it was
/// (`snapshot.resume`). The offset carries it, and so it moves with the rows that it tells of.
struct SnapshotProgress {
    /// Rows behind `after` (nothing: from the first) up to and with `to` (nothing: to the last) are not written.
    struct Range {
        std::optional<SnapshotKey> after, to;
    };
    std::set<std::string> done;                      ///< Tables of which all rows are written.
    std::map<std::string, std::vector<Range>> left;  ///< Of tables in progress.

    /// What of `tables` is to be read yet, range by range, in their order. `with_untouched`: those that were not begun
    /// too.
    IncrementalSnapshotState rest(const std::vector<relational::TableId>& tables, bool with_untouched) const;

    bool empty() const { return done.empty() && left.empty(); }
    std::string to_json() const;
    /// Nothing if the text is none of to_json()'s.
    static std::optional<SnapshotProgress> from_json(std::string_view text);
};

}  // namespace millrace::engine
