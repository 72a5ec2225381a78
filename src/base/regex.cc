#include "base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdexcept>

#include "base/destroyer.h"
#include "base/text.h"

namespace millrace {
namespace {

using MatchData = std::unique_ptr<pcre2_match_data, Destroyer<pcre2_match_data_free>>;

std::string message_of(int error) {
    PCRE2_UCHAR text[256];
    const int length = pcre2_get_error_message(error, text, sizeof text);
    return length < 0 ? "unknown error" : std::string(reinterpret_cast<const char*>(text), static_cast<size_t>(length));
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

struct Regex::Code {
    std::unique_ptr<pcre2_code, Destroyer<pcre2_code_free>> code;

    /// Nothing if the whole text does not match.
    MatchData match(std::string_view text) const {
        MatchData data(pcre2_match_data_create_from_pattern(code.get(), nullptr));
        const int found = pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                                      PCRE2_ANCHORED | PCRE2_ENDANCHORED, data.get(), nullptr);
        if (found < 0) data.reset();
        return data;
    }
};

Regex::Regex(const std::string& pattern, Case letters) : pattern_(pattern) {
    const uint32_t options = PCRE2_UTF | (letters == Case::Ignored ? PCRE2_CASELESS : 0u);
    int error = 0;
    PCRE2_SIZE at = 0;
    auto made = std::make_shared<Code>();
    made->code.reset(
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error, &at, nullptr));
    if (!made->code) throw std::invalid_argument(format("{} at character {}", message_of(error), at));
    code_ = std::move(made);
}

bool Regex::matches(std::string_view text) const {
    return code_->match(text) != nullptr;
}

std::optional<std::vector<std::string>> Regex::match_groups(std::string_view text) const {
    const MatchData data = code_->match(text);
    if (!data) return std::nullopt;
    const PCRE2_SIZE* places = pcre2_get_ovector_pointer(data.get());
    std::vector<std::string> groups(pcre2_get_ovector_count(data.get()));
    for (size_t i = 0; i < groups.size(); ++i)
        if (places[2 * i] != PCRE2_UNSET) groups[i] = text.substr(places[2 * i], places[2 * i + 1] - places[2 * i]);
    return groups;
}

std::optional<std::string> Regex::replaced_if_matches(std::string_view text, std::string_view replacement) const {
    const auto groups = match_groups(text);
    if (!groups) return std::nullopt;
    std::string out;
    for (size_t i = 0; i < replacement.size(); ++i) {
        const char c = replacement[i];
        if (c == '\\' && i + 1 < replacement.size()) {
            out += replacement[++i];
        } else if (c != '$') {
            out += c;
        } else if (i + 1 < replacement.size() && replacement[i + 1] == '{') {
            const size_t end = replacement.find('}', i);
            if (end == std::string_view::npos) throw std::invalid_argument("a group name is not closed by '}'");
            const std::string name(replacement.substr(i + 2, end - i - 2));
            const int number =
                pcre2_substring_number_from_name(code_->code.get(), reinterpret_cast<PCRE2_SPTR>(name.c_str()));
            if (number < 0) throw std::invalid_argument(format("there is no group named {}", name));
            out += (*groups)[static_cast<size_t>(number)];
            i = end;
        } else {
            if (i + 1 >= replacement.size() || !is_digit(replacement[i + 1]))
                throw std::invalid_argument("a '$' must be followed by a group; '\\$' stands for itself");
            // Java takes as many digits as name a group that exists.
            auto number = static_cast<size_t>(replacement[++i] - '0');
            if (number >= groups->size()) throw std::invalid_argument(format("there is no group {}", number));
            while (i + 1 < replacement.size() && is_digit(replacement[i + 1])) {
                const size_t longer = number * 10 + static_cast<size_t>(replacement[i + 1] - '0');
                if (longer >= groups->size()) break;
                number = longer;
                ++i;
            }
            out += (*groups)[number];
        }
    }
    return out;
}

}  // namespace millrace
