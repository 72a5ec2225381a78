#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// A regular expression as configurations of Kafka Connect write them: java.util.regex.Pattern, read by PCRE2, which
/// has its look-around, possessive quantifiers, \Q…\E and named groups. Immutable; safe from any thread. UTF-8.
class Regex {
  public:
    enum class Case { Matters, Ignored };

    /// Throws std::invalid_argument telling what is wrong and where.
    explicit Regex(const std::string& pattern, Case letters = Case::Matters);

    const std::string& pattern() const { return pattern_; }

    /// Does the whole text match (Matcher.matches)? Text that is not UTF-8 matches nothing.
    bool matches(std::string_view text) const;
    /// The groups of a match of the whole text, the match itself first; groups that took no part are empty.
    std::optional<std::vector<std::string>> match_groups(std::string_view text) const;
    /// What Matcher.replaceFirst makes of a text that matches as a whole, with $1, ${name} and \$ in the replacement;
    /// nothing if it does not. Throws std::invalid_argument if the replacement names a group that is not there.
    std::optional<std::string> replaced_if_matches(std::string_view text, std::string_view replacement) const;

  private:
    struct Code;
    std::string pattern_;
    std::shared_ptr<const Code> code_;
};

}  // namespace millrace
