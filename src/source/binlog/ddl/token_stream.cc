#include "source/binlog/ddl/token_stream.h"

#include "base/text.h"

namespace millrace::binlog::ddl {
namespace {

/// The text between quotes, with the quote's doubling undone.
std::string unquoted_name(std::string_view quoted) {
    const char quote = quoted[0];
    const size_t length = quoted.size() >= 2 && quoted.back() == quote ? quoted.size() - 2 : quoted.size() - 1;
    return replace_all(std::string(quoted.substr(1, length)), std::string(2, quote), std::string(1, quote));
}

}  // namespace

bool TokenStream::is_word(std::string_view word, size_t ahead) const {
    const Token& token = peek(ahead);
    return token.kind == Token::Kind::Word && iequals(token.source, word);
}

std::string TokenStream::name() {
    const Token token = peek();
    switch (token.kind) {
        case Token::Kind::Word:
            next();
            return std::string(token.source);
        case Token::Kind::QuotedName:
        case Token::Kind::Text:
            next();
            return unquoted_name(token.source);
        default:
            fail();
            return {};
    }
}

int TokenStream::integer() {
    const auto value = peek().kind == Token::Kind::Number ? parse_int(peek().source) : std::nullopt;
    if (!value || *value > INT32_MAX) {
        fail();
        return 0;
    }
    next();
    return static_cast<int>(*value);
}

std::string TokenStream::option_value() {
    accept_symbol('=');
    const Token token = next();
    if (token.kind == Token::Kind::Text && token.source.size() >= 2) {
        const size_t start = token.source.find_first_of("'\"");
        return std::string(token.source.substr(start + 1, token.source.size() - start - 2));
    }
    if (token.kind == Token::Kind::QuotedName) return unquoted_name(token.source);
    return std::string(token.source);
}

void TokenStream::skip_one() {
    if (!is_symbol('(')) {
        next();
        return;
    }
    int depth = 0;
    while (peek().kind != Token::Kind::End) {
        if (is_symbol('(')) ++depth;
        if (is_symbol(')')) --depth;
        next();
        if (depth == 0) return;
    }
    fail();
}

void TokenStream::skip_to_comma() {
    while (!at_end() && !is_symbol(',')) {
        if (is_symbol(')')) return;
        skip_one();
    }
}

}  // namespace millrace::binlog::ddl
