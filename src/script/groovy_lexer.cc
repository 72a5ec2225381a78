#include "script/groovy_lexer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

#include "base/text.h"

namespace millrace::script {

namespace {

using Kind = GroovyToken::Kind;

/// Longest first.
constexpr std::array<std::string_view, 47> kOperators = {
    "<=>", "==~", "===", "!==", "...", "..<", "**=", "?.", "?:", "?[", "==", "!=", "<=", ">=", "=~", "&&",
    "||",  "++",  "--",  "->",  "..",  "**",  "<<",  ">>", "*.", "+=", "-=", "*=", "/=", "(",  ")",  "[",
    "]",   "{",   "}",   ".",   ",",   "?",   ":",   "=",  "<",  ">",  "+",  "-",  "*",  "/",  "%"};
constexpr std::string_view kSingle = "!&|^~@";

bool is_name_start(char letter) {
    return std::isalpha(static_cast<unsigned char>(letter)) != 0 || letter == '_' || (letter & 0x80) != 0;
}
bool is_name_part(char letter) {
    return is_name_start(letter) || std::isdigit(static_cast<unsigned char>(letter)) != 0;
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::vector<GroovyToken> tokens() {
        while (at_ < text_.size()) next();
        tokens_.push_back({});
        return std::move(tokens_);
    }

  private:
    bool ahead(std::string_view what) const { return text_.substr(at_).starts_with(what); }
    char peek() const { return text_[at_]; }
    void add(Kind kind, std::string text) { tokens_.push_back({kind, std::move(text)}); }

    void next() {
        const char letter = peek();
        if (letter == '\n' || letter == ';') {
            ++at_;
            if (!tokens_.empty() && tokens_.back().kind != Kind::Newline) add(Kind::Newline, "");
        } else if (std::isspace(static_cast<unsigned char>(letter)) != 0) {
            ++at_;
        } else if (ahead("//")) {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (ahead("/*")) {
            const size_t end = text_.find("*/", at_ + 2);
            if (end == std::string_view::npos) throw std::invalid_argument("a comment does not end");
            at_ = end + 2;
        } else if (letter == '\'' || letter == '"') {
            quoted();
        } else if (letter == '/' && begins_a_value()) {
            regex();
        } else if (std::isdigit(static_cast<unsigned char>(letter)) != 0) {
            number();
        } else if (is_name_start(letter) || letter == '$') {
            const size_t from = at_++;
            while (at_ < text_.size() && is_name_part(peek())) ++at_;
            add(Kind::Name, std::string(text_.substr(from, at_ - from)));
        } else {
            operation();
        }
    }

    /// Whether a slash here begins a regular expression and is no division.
    bool begins_a_value() const {
        if (tokens_.empty()) return true;
        const auto& last = tokens_.back();
        if (last.kind == Kind::Operator) return last.text != ")" && last.text != "]" && last.text != "}";
        return last.kind == Kind::Newline || last.is_name("return") || last.is_name("in");
    }

    void operation() {
        const auto* found = std::find_if(kOperators.begin(), kOperators.end(), [&](auto one) { return ahead(one); });
        std::string_view text;
        if (found != kOperators.end())
            text = *found;
        else if (kSingle.find(peek()) != std::string_view::npos)
            text = text_.substr(at_, 1);
        else
            throw std::invalid_argument(format("'{}' is no Groovy", text_.substr(at_, 1)));
        at_ += text.size();
        add(Kind::Operator, std::string(text));
    }

    void number() {
        const size_t from = at_;
        while (at_ < text_.size()) {
            const char letter = peek();
            const bool is_fraction = letter == '.' && at_ + 1 < text_.size() &&
                                     std::isdigit(static_cast<unsigned char>(text_[at_ + 1])) != 0;
            const bool is_sign = (letter == '+' || letter == '-') && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E') &&
                                 !text_.substr(from).starts_with("0x");
            if (!is_name_part(letter) && !is_fraction && !is_sign) break;
            ++at_;
        }
        add(Kind::Number, std::string(text_.substr(from, at_ - from)));
    }

    void regex() {
        std::string pattern;
        for (++at_; at_ < text_.size() && peek() != '/'; ++at_) {
            if (peek() == '$') throw std::invalid_argument("a $ in a regular expression between slashes");
            if (ahead("\\/")) ++at_;
            pattern += peek();
        }
        if (at_ == text_.size()) throw std::invalid_argument("a regular expression does not end");
        ++at_;
        add(Kind::Regex, pattern);
    }

    void quoted() {
        const char quote = peek();
        const bool is_triple = ahead(std::string(3, quote));
        const std::string end(is_triple ? 3 : 1, quote);
        at_ += end.size();
        std::vector<std::string> parts(1);
        while (!ahead(end)) {
            if (at_ >= text_.size()) throw std::invalid_argument("a text does not end");
            if (peek() == '\\') {
                parts.back() += escaped();
            } else if (quote == '"' && peek() == '$') {
                parts.push_back(interpolated());
                parts.emplace_back();
            } else {
                if (peek() == '\n' && !is_triple) throw std::invalid_argument("a text does not end in its line");
                parts.back() += text_[at_++];
            }
        }
        at_ += end.size();
        if (parts.size() == 1)
            add(Kind::Text, parts[0]);
        else
            tokens_.push_back({Kind::Template, "", std::move(parts)});
    }

    std::string escaped() {
        if (at_ + 1 >= text_.size()) throw std::invalid_argument("a text does not end");
        const char letter = text_[at_ + 1];
        at_ += 2;
        switch (letter) {
            case 'n':
                return "\n";
            case 't':
                return "\t";
            case 'r':
                return "\r";
            case 'b':
                return "\b";
            case 'f':
                return "\f";
            case '\n':
                return "";
            case '\\':
            case '\'':
            case '"':
            case '$':
                return std::string(1, letter);
            default:
                throw std::invalid_argument(format("the escape \\{} in a text", letter));
        }
    }

    /// What stands in ${…}, or the names behind a bare $.
    std::string interpolated() {
        const size_t from = ++at_;
        if (at_ < text_.size() && peek() == '{') {
            size_t depth = 0;
            for (; at_ < text_.size(); ++at_) {
                if (peek() == '{') ++depth;
                if (peek() == '}' && --depth == 0) break;
            }
            if (at_ == text_.size()) throw std::invalid_argument("a ${ does not end");
            ++at_;
            return std::string(text_.substr(from + 1, at_ - from - 2));
        }
        while (at_ < text_.size() && (is_name_part(peek()) || (peek() == '.' && at_ > from && at_ + 1 < text_.size() &&
                                                               is_name_start(text_[at_ + 1]))))
            ++at_;
        if (at_ == from) throw std::invalid_argument("a $ in a text between double quotes that names nothing");
        return std::string(text_.substr(from, at_ - from));
    }

    std::string_view text_;
    size_t at_ = 0;
    std::vector<GroovyToken> tokens_;
};

}  // namespace

std::vector<GroovyToken> groovy_tokens(std::string_view text) {
    return Lexer(text).tokens();
}

}  // namespace millrace::script
