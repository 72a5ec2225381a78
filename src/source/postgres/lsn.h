#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::postgres {

/// A place in the write-ahead log: bytes since its beginning. PostgreSQL manual, "pg_lsn Type".
struct Lsn {
    uint64_t value = 0;  ///< 0: none.

    auto operator<=>(const Lsn&) const = default;
    explicit operator bool() const { return value != 0; }
    /// "16/B374D848"
    std::string text() const;
    /// The reverse.
    static std::optional<Lsn> from_text(std::string_view text);
};

}  // namespace millrace::postgres
