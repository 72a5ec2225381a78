#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::binlog {

/// Turns bytes of one MySQL character set into UTF-8. One decoder serves one thread.
class CharsetDecoder {
  public:
    virtual ~CharsetDecoder() = default;
    /// Appends the text; what cannot be decoded becomes U+FFFD.
    virtual void append_utf8(std::string& out, std::string_view bytes) = 0;

    /// nullptr if the set's bytes are UTF-8 already (utf8mb4, utf8mb3, ascii). Throws FatalError for a character
    /// set that is not known, naming it.
    static std::unique_ptr<CharsetDecoder> make(std::string_view charset);
};

/// UTF-8 text as the bytes of a MySQL character set; what has no place in it becomes '?'.
std::string encoded_in_charset(std::string_view charset, std::string_view text);

/// "utf8" is today's utf8mb3; MySQL and MariaDB also compare names without regard to case.
std::string canonical_charset(std::string_view charset);

/// latin1_swedish_ci gives latin1; nothing for a collation that fits several sets (MariaDB's uca1400_ai_ci).
std::optional<std::string> charset_of_collation(std::string_view collation);

/// The set behind a collation's number in a server's protocol; utf8mb4 for numbers of newer collations.
std::string charset_of_collation_id(unsigned id);

}  // namespace millrace::binlog
