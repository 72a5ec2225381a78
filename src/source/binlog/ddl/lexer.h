#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::binlog::ddl {

enum class Server { MySql, MariaDb };

struct LexerOptions {
    Server server = Server::MySql;
    bool ansi_quotes = false;           ///< sql_mode ANSI_QUOTES: "x" is a name.
    bool no_backslash_escapes = false;  ///< sql_mode NO_BACKSLASH_ESCAPES
};

struct Token {
    enum class Kind : uint8_t { End, Word, QuotedName, Text, Number, Bits, Hex, Symbol };
    Kind kind = Kind::End;
    std::string_view source;  ///< As written, quotes included.
    size_t begin = 0;         ///< Into the statement.
    size_t end = 0;
};

/// The words of a statement. Comments are left out, but the contents of executable comments (/*! … */, /*M! … */)
/// are in, as the server that wrote the log ran them. Never fails: what cannot be read is a Symbol. Views live as
/// long as `statement`.
std::vector<Token> tokenize(std::string_view statement, const LexerOptions& options);

}  // namespace millrace::binlog::ddl
