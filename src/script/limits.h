#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::script {

enum class Language { JavaScript, Groovy };

/// How much a script may take. Beyond it the script is stopped, and its record fails.
struct Limits {
    int64_t time_ms = 1'000;                         ///< For one record.
    size_t memory_bytes = size_t{64} * 1024 * 1024;  ///< For all that the engine holds.
};

}  // namespace millrace::script
