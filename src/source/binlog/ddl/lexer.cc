#include "source/binlog/ddl/lexer.h"

namespace millrace::binlog::ddl {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
           (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool is_word(char c) {
    return is_word_start(c) || is_digit(c);
}
bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

class Lexer {
  public:
    Lexer(std::string_view text, const LexerOptions& options) : text_(text), options_(options) {}

    std::vector<Token> run() {
        while (at_ < text_.size()) {
            if (!skip_blank_and_comments()) read_token();
        }
        tokens_.push_back({Token::Kind::End, {}, text_.size(), text_.size()});
        return std::move(tokens_);
    }

  private:
    char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

    void add(Token::Kind kind, size_t begin) {
        tokens_.push_back({kind, text_.substr(begin, at_ - begin), begin, at_});
    }

    bool skip_blank_and_comments() {
        const char c = peek();
        if (is_blank(c)) {
            ++at_;
            return true;
        }
        if (c == '#' || (c == '-' && peek(1) == '-' && (at_ + 2 >= text_.size() || is_blank(peek(2))))) {
            while (at_ < text_.size() && text_[at_] != '\n') ++at_;
            return true;
        }
        if (c == '*' && peek(1) == '/' && executable_depth_ > 0) {
            --executable_depth_;
            at_ += 2;
            return true;
        }
        if (c != '/' || peek(1) != '*') return false;
        if (opens_executable_comment()) return true;
        const size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
        return true;
    }

    /// The log's writer ran what stands in /*!NNNNN … */, or it would not have reached the log in this form.
    bool opens_executable_comment() {
        size_t start = at_ + 2;
        if (start < text_.size() && text_[start] == 'M' && options_.server == Server::MariaDb) ++start;
        if (start >= text_.size() || text_[start] != '!') return false;
        ++start;
        size_t digits = start;
        while (digits < text_.size() && is_digit(text_[digits]) && digits - start < 6) ++digits;
        const std::string_view version = text_.substr(start, digits - start);
        // MariaDB passes over what is marked for MySQL 5.7 and later.
        if (options_.server == Server::MariaDb && text_[at_ + 2] == '!' && version.size() == 5 && version >= "50700" &&
            version < "99999")
            return false;
        at_ = version.size() >= 5 ? digits : start;
        ++executable_depth_;
        return true;
    }

    void read_quoted(char quote, bool backslash) {
        ++at_;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '\\' && backslash && at_ < text_.size()) {
                ++at_;
            } else if (c == quote) {
                if (peek() != quote) return;
                ++at_;
            }
        }
    }

    void read_number(size_t begin) {
        if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'b') && is_word(peek(2))) {
            const auto kind = peek(1) == 'x' ? Token::Kind::Hex : Token::Kind::Bits;
            at_ += 2;
            while (is_word(peek())) ++at_;
            add(kind, begin);
            return;
        }
        while (is_digit(peek())) ++at_;
        if (peek() == '.' && is_digit(peek(1))) {
            ++at_;
            while (is_digit(peek())) ++at_;
        } else if (peek() == '.' && !is_word_start(peek(1))) {
            ++at_;
        }
        const bool exponent = (peek() == 'e' || peek() == 'E') &&
                              (is_digit(peek(1)) || ((peek(1) == '-' || peek(1) == '+') && is_digit(peek(2))));
        if (exponent) {
            at_ += 2;
            while (is_digit(peek())) ++at_;
        }
        if (!is_word(peek())) {
            add(Token::Kind::Number, begin);
            return;
        }
        while (is_word(peek())) ++at_;  // a name that starts with digits
        add(Token::Kind::Word, begin);
    }

    void read_token() {
        const size_t begin = at_;
        const char c = peek();
        const bool backslash = !options_.no_backslash_escapes;
        if (c == '`') {
            read_quoted('`', false);
            add(Token::Kind::QuotedName, begin);
        } else if (c == '"') {
            read_quoted('"', backslash && !options_.ansi_quotes);
            add(options_.ansi_quotes ? Token::Kind::QuotedName : Token::Kind::Text, begin);
        } else if (c == '\'') {
            read_quoted('\'', backslash);
            add(Token::Kind::Text, begin);
        } else if ((c == 'b' || c == 'B' || c == 'x' || c == 'X' || c == 'n' || c == 'N') && peek(1) == '\'') {
            ++at_;
            read_quoted('\'', backslash);
            add(c == 'b' || c == 'B'   ? Token::Kind::Bits
                : c == 'x' || c == 'X' ? Token::Kind::Hex
                                       : Token::Kind::Text,
                begin);
        } else if (is_digit(c) || (c == '.' && is_digit(peek(1)) && !follows_name())) {
            read_number(begin);
        } else if (is_word_start(c)) {
            while (is_word(peek())) ++at_;
            add(Token::Kind::Word, begin);
        } else {
            ++at_;
            add(Token::Kind::Symbol, begin);
        }
    }

    /// Is the dot in `db.1table` one between names?
    bool follows_name() const {
        return !tokens_.empty() && tokens_.back().end == at_ &&
               (tokens_.back().kind == Token::Kind::Word || tokens_.back().kind == Token::Kind::QuotedName);
    }

    std::string_view text_;
    LexerOptions options_;
    size_t at_ = 0;
    int executable_depth_ = 0;
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view statement, const LexerOptions& options) {
    return Lexer(statement, options).run();
}

}  // namespace millrace::binlog::ddl
