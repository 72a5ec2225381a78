#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::transform {

/// java.text.SimpleDateFormat in UTC and English: the letters G y Y M L d D E u F w W a H k K h m s S z Z X, texts in
/// quotes. Immutable.
class SimpleDateFormat {
  public:
    /// Throws ConfigError for a letter that there is not, naming `property`.
    static SimpleDateFormat of(const std::string& pattern, const std::string& property);

    std::string text(int64_t ms) const;
    /// Milliseconds since 1970; nothing: the text does not match. Lenient, as the class is; what follows is ignored.
    std::optional<int64_t> parse(std::string_view text) const;

  private:
    struct Piece {
        char letter = 0;  ///< 0: a text.
        size_t count = 0;
        std::string text;
    };
    std::vector<Piece> pieces_;
};

}  // namespace millrace::transform
