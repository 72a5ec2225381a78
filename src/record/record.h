#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "record/schema.h"
#include "record/value.h"

namespace millrace::record {

/// A value with its schema; both missing in a tombstone's value.
struct SchemaAndValue {
    SchemaPtr schema;
    Value value;
};

struct Header {
    std::string_view name;
    SchemaAndValue content;
};

/// Connect's SourceRecord on its way from a source to its topic. Texts live in the arena of the batch that it is part
/// of, or in the batch.
struct Record {
    std::string_view topic;
    std::optional<int32_t> partition = {};  ///< Nothing: the log decides, by the key.
    SchemaAndValue key = {}, value = {};
    std::optional<int64_t> timestamp_ms = {};
    std::vector<Header> headers = {};  ///< In order; a name may come more than once.
    bool headers_changed = false;      ///< Since the source made them.

    /// In Debezium the delete of a row and its tombstone hold one and the same headers, until a transform makes a new
    /// record: what is added to the delete's before that is the tombstone's too.
    bool shares_headers = true;
    std::vector<Header> shared_headers = {};  ///< Added while that was so.

    /// The last of a name, as Headers.lastWithName; nullptr: none.
    const Header* last_header(std::string_view name) const {
        const auto found =
            std::find_if(headers.rbegin(), headers.rend(), [&](const auto& one) { return one.name == name; });
        return found == headers.rend() ? nullptr : &*found;
    }
    void add_header(std::string_view name, SchemaAndValue content) {
        headers.push_back({name, std::move(content)});
        headers_changed = true;
    }
    /// Of transforms that add to the record as it is.
    void add_header_in_place(std::string_view name, const SchemaAndValue& content) {
        if (shares_headers) shared_headers.push_back({name, content});
        add_header(name, content);
    }
};

}  // namespace millrace::record
