#pragma once

#include <string>

#include "topiclog/append_batch.h"

namespace millrace {

/// A batch's records in full, a line each: topic, key, value, headers.
inline std::string batch_text(const topiclog::AppendBatch& batch) {
    std::string out;
    for (const auto& entry : batch.entries()) {
        out += batch.topic(entry.slot) + " " + batch.full_text(entry.key) + " " + batch.full_text(entry.value);
        if (entry.headers != nullptr)
            for (const auto& [name, value] : topiclog::decode_headers(*entry.headers))
                out += " " + name + "=" + value.value_or("null");
        out += "\n";
    }
    return out;
}

}  // namespace millrace
