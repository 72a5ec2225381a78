#include "source/postgres/text_format.h"

#include "base/text.h"

namespace millrace::postgres::text_format {
namespace {

/// A quoted word with its escapes; false if it does not end.
bool take_quoted(std::string_view& rest, std::string& word) {
    word.clear();
    rest.remove_prefix(1);
    while (!rest.empty()) {
        char c = rest.front();
        rest.remove_prefix(1);
        if (c == '"') return true;
        if (c == '\\') {
            if (rest.empty()) return false;
            c = rest.front();
            rest.remove_prefix(1);
        }
        word += c;
    }
    return false;
}

void take_blanks(std::string_view& rest) {
    while (rest.starts_with(' ')) rest.remove_prefix(1);
}

}  // namespace

std::optional<Entries> parse_hstore(std::string_view rest) {
    Entries entries;
    take_blanks(rest);
    while (!rest.empty()) {
        std::string key, value;
        if (!rest.starts_with('"') || !take_quoted(rest, key) || !rest.starts_with("=>")) return std::nullopt;
        rest.remove_prefix(2);
        if (rest.starts_with("NULL")) {
            rest.remove_prefix(4);
            entries.emplace_back(std::move(key), std::nullopt);
        } else {
            if (!rest.starts_with('"') || !take_quoted(rest, value)) return std::nullopt;
            entries.emplace_back(std::move(key), std::move(value));
        }
        if (rest.empty()) break;
        if (!rest.starts_with(',')) return std::nullopt;
        rest.remove_prefix(1);
        take_blanks(rest);
    }
    return entries;
}

ArrayReader::ArrayReader(std::string_view text) : rest_(text) {
    if (!rest_.starts_with('[')) return;
    const size_t equals = rest_.find("]=");
    rest_ = equals == std::string_view::npos ? std::string_view("?") : rest_.substr(equals + 2);
}

ArrayReader::Token ArrayReader::next(std::string& value) {
    if (has_begun_ && depth_ == 0) return rest_.empty() ? Token::End : Token::Damaged;
    if (!has_begun_) {
        has_begun_ = true;
        if (!rest_.starts_with('{')) return Token::Damaged;
    } else if (rest_.starts_with(',')) {
        if (!follows_) return Token::Damaged;
        rest_.remove_prefix(1);
    }
    if (rest_.empty()) return Token::Damaged;
    needs_comma_ = follows_;
    if (rest_.front() == '{') {
        rest_.remove_prefix(1);
        ++depth_;
        follows_ = false;
        return Token::Open;
    }
    if (rest_.front() == '}') {
        rest_.remove_prefix(1);
        --depth_;
        follows_ = true;
        return Token::Close;
    }
    follows_ = true;
    return element(value);
}

ArrayReader::Token ArrayReader::element(std::string& value) {
    if (rest_.front() == '"') return take_quoted(rest_, value) ? Token::Value : Token::Damaged;
    value.clear();
    while (!rest_.empty() && rest_.front() != ',' && rest_.front() != '}') {
        if (rest_.front() == '\\') rest_.remove_prefix(1);
        if (rest_.empty()) return Token::Damaged;
        value += rest_.front();
        rest_.remove_prefix(1);
    }
    return iequals(value, "NULL") ? Token::Null : Token::Value;
}

}  // namespace millrace::postgres::text_format
