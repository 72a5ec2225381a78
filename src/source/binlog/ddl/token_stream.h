#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/binlog/ddl/lexer.h"

namespace millrace::binlog::ddl {

/// A cursor over a statement's tokens. Failure sticks: after fail() every token reads as the end.
class TokenStream {
  public:
    TokenStream(std::string_view statement, const LexerOptions& options)
        : statement_(statement), tokens_(tokenize(statement, options)) {}

    bool ok() const { return ok_; }
    void fail() {
        if (ok_) failed_at_ = peek().begin;
        ok_ = false;
        at_ = tokens_.size() - 1;
    }
    /// Where it failed, into the statement.
    size_t failed_at() const { return failed_at_; }
    std::string_view statement() const { return statement_; }

    const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
    bool at_end() const { return peek().kind == Token::Kind::End || is_symbol(';'); }
    Token next() {
        const Token token = peek();
        if (at_ + 1 < tokens_.size()) ++at_;
        return token;
    }
    size_t mark() const { return at_; }
    void rewind(size_t mark) { at_ = mark; }

    bool is_word(std::string_view word, size_t ahead = 0) const;
    bool is_symbol(char symbol, size_t ahead = 0) const {
        const Token& token = peek(ahead);
        return token.kind == Token::Kind::Symbol && token.source[0] == symbol;
    }
    /// Is the next token one of these words?
    template <typename... Words>
    bool is_any(Words... words) const {
        return (is_word(words) || ...);
    }
    /// Takes the words if they come next, all of them or none.
    template <typename... Words>
    bool accept(Words... words) {
        size_t ahead = 0;
        if (!(is_word(words, ahead++) && ...)) return false;
        at_ += sizeof...(words);
        return true;
    }
    bool accept_symbol(char symbol) {
        if (!is_symbol(symbol)) return false;
        ++at_;
        return true;
    }
    void expect_symbol(char symbol) {
        if (!accept_symbol(symbol)) fail();
    }

    /// A name, quotes taken off. Fails if none comes.
    std::string name();
    /// A number without sign or point; fails if none comes.
    int integer();
    /// A text literal as written between its quotes, or a word or number.
    std::string option_value();

    /// Steps over one token, or over everything up to the parenthesis that closes the one that opens here.
    void skip_one();
    /// Steps to the next comma outside parentheses (not taken) or the end.
    void skip_to_comma();

  private:
    std::string_view statement_;
    std::vector<Token> tokens_;
    size_t at_ = 0;
    size_t failed_at_ = 0;
    bool ok_ = true;
};

}  // namespace millrace::binlog::ddl
