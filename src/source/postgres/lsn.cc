#include "source/postgres/lsn.h"

#include <charconv>

#include "base/text.h"

namespace millrace::postgres {

std::string Lsn::text() const {
    return format("{:X}/{:X}", value >> 32, value & 0xFFFFFFFF);
}

std::optional<Lsn> Lsn::from_text(std::string_view text) {
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    uint32_t high = 0, low = 0;
    const auto read = [](std::string_view part, uint32_t& into) {
        const auto result = std::from_chars(part.data(), part.data() + part.size(), into, 16);
        return result.ec == std::errc() && result.ptr == part.data() + part.size();
    };
    if (!read(text.substr(0, slash), high) || !read(text.substr(slash + 1), low)) return std::nullopt;
    return Lsn{static_cast<uint64_t>(high) << 32 | low};
}

}  // namespace millrace::postgres
