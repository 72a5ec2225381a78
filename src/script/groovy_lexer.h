#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::script {

/// A piece of a Groovy text (https://groovy-lang.org/syntax.html).
struct GroovyToken {
    enum class Kind {
        End,
        Newline,   ///< One or more of them, or of semicolons.
        Name,      ///< Keywords too.
        Number,    ///< As written, with its suffix.
        Text,      ///< Unescaped.
        Template,  ///< A text with ${…} or $name in it; `parts` alternate: text, expression, text, …
        Regex,     ///< Between slashes.
        Operator,
    };
    Kind kind = Kind::End;
    std::string text = {};
    std::vector<std::string> parts = {};

    bool is(std::string_view operator_text) const { return kind == Kind::Operator && text == operator_text; }
    bool is_name(std::string_view name) const { return kind == Kind::Name && text == name; }
};

/// The whole text in pieces, with an End behind them. Throws std::invalid_argument for what is no Groovy.
std::vector<GroovyToken> groovy_tokens(std::string_view text);

}  // namespace millrace::script
