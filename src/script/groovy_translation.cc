#include "script/groovy_translation.h"

#include <set>
#include <stdexcept>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "script/groovy_lexer.h"
#include "script/groovy_vocabulary.h"

namespace millrace::script {

namespace {

using Kind = GroovyToken::Kind;

constexpr size_t kMostDepth = 100;

std::string js_text(const std::string& text) {
    return to_text(Json(text));
}

class Translator {
  public:
    explicit Translator(std::string_view text, std::set<std::string> locals = {})
        : tokens_(groovy_tokens(text)), locals_(std::move(locals)) {}

    GroovyTranslation translation() {
        std::string body = block(true);
        expect_end();
        return {std::move(body), std::move(patterns_)};
    }

  private:
    const GroovyToken& now() const { return tokens_[at_]; }
    bool take(std::string_view operation) {
        if (!now().is(operation)) return false;
        ++at_;
        return true;
    }
    void expect(std::string_view operation) {
        skip_newlines();
        if (!take(operation)) throw std::invalid_argument(format("{} where '{}' was expected", shown(), operation));
    }
    void expect_end() {
        if (now().kind != Kind::End) throw std::invalid_argument(format("{} is not known here", shown()));
    }
    void skip_newlines() {
        while (now().kind == Kind::Newline) ++at_;
    }
    std::string shown() const {
        switch (now().kind) {
            case Kind::End:
                return "the end";
            case Kind::Newline:
                return "the end of a line";
            case Kind::Text:
            case Kind::Template:
                return "a text";
            default:
                return format("'{}'", now().text);
        }
    }

    /// Statements up to a closing brace or the end. `is_result`: the last one's value is the function's.
    std::string block(bool is_result) {
        std::string out;
        skip_newlines();
        while (now().kind != Kind::End && !now().is("}")) {
            out += statement(is_result) + "\n";
            if (now().kind != Kind::End && !now().is("}") && now().kind != Kind::Newline && !ended_a_block())
                throw std::invalid_argument(format("{} is not known here", shown()));
            skip_newlines();
        }
        return out;
    }
    bool ended_a_block() const { return at_ > 0 && tokens_[at_ - 1].is("}"); }

    bool is_last() {
        size_t at = at_;
        while (tokens_[at].kind == Kind::Newline) ++at;
        return tokens_[at].kind == Kind::End || tokens_[at].is("}");
    }

    std::string statement(bool is_result) {
        if (now().is_name("def") || now().is_name("var")) {
            ++at_;
            const std::string name = local_name();
            locals_.insert(name);
            if (!take("=")) return format("let {} = null;", name);
            skip_newlines();
            return format("let {} = {};", name, expression());
        }
        if (now().is_name("return")) {
            ++at_;
            const bool is_bare = now().kind == Kind::End || now().kind == Kind::Newline || now().is("}");
            return format("return {};", is_bare ? "null" : expression());
        }
        if (now().is_name("if")) return if_statement(is_result);
        if (now().kind == Kind::Name && locals_.contains(now().text) && tokens_[at_ + 1].is("=")) {
            const std::string name = now().text;
            at_ += 2;
            return format("{} = {};", name, expression());
        }
        const std::string value = expression();
        return format("{}{};", is_result && is_last() ? "return " : "", value);
    }

    std::string if_statement(bool is_result) {
        ++at_;
        expect("(");
        const std::string condition = expression();
        expect(")");
        std::string out = format("if ({}) {{\n{}}}", truth(condition), branch(is_result));
        const size_t before = at_;
        skip_newlines();
        if (!now().is_name("else")) {
            at_ = before;
            return out;
        }
        ++at_;
        return out + format(" else {{\n{}}}", branch(is_result));
    }
    std::string branch(bool is_result) {
        skip_newlines();
        if (!take("{")) return statement(is_result) + "\n";
        std::string out = block(is_result);
        expect("}");
        return out;
    }

    std::string local_name() {
        if (now().kind != Kind::Name || groovy::is_input(now().text) || groovy::is_keyword(now().text))
            throw std::invalid_argument(format("{} as a variable's name", shown()));
        return tokens_[at_++].text;
    }
    std::string expression() {
        if (++depth_ > kMostDepth) throw std::invalid_argument("it is nested too deeply");
        std::string out = ternary();
        --depth_;
        return out;
    }

    std::string ternary() {
        std::string condition = binary(1);
        if (peek_over_newlines("?:")) {
            skip_newlines();
            const std::string otherwise = expression();
            return format("(($x) => $.t($x) ? $x : {})({})", otherwise, condition);
        }
        if (!peek_over_newlines("?")) return condition;
        skip_newlines();
        const std::string then = expression();
        expect(":");
        skip_newlines();
        const std::string otherwise = expression();
        return format("( {} ? {} : {})", truth(condition), then, otherwise);
    }

    /// Takes an operator that may stand at the beginning of the next line.
    bool peek_over_newlines(std::string_view operation) {
        size_t at = at_;
        while (tokens_[at].kind == Kind::Newline) ++at;
        if (!tokens_[at].is(operation)) return false;
        at_ = at + 1;
        return true;
    }

    const groovy::BinaryOperator* binary_operator() {
        size_t at = at_;
        while (tokens_[at].kind == Kind::Newline) ++at;
        // A new line that begins with a sign is a statement of its own.
        const bool is_continued = at == at_ || tokens_[at].is("&&") || tokens_[at].is("||");
        if (!is_continued) return nullptr;
        const GroovyToken& token = tokens_[at];
        std::string text = token.kind == Kind::Operator || token.is_name("in") ? token.text : "";
        size_t length = 1;
        if (token.is("!") && tokens_[at + 1].is_name("in")) {
            text = "!in";
            length = 2;
        }
        for (const auto& one : groovy::binary_operators())
            if (!text.empty() && one.text == text) {
                pending_ = at + length;
                return &one;
            }
        if (token.is_name("instanceof")) throw std::invalid_argument("'instanceof' is not known here");
        return nullptr;
    }

    std::string binary(int least) {
        std::string left = unary();
        while (true) {
            if (now().is_name("as") && least <= groovy::kCastStrength) {
                left = cast(left);
                continue;
            }
            const auto* found = binary_operator();
            if (found == nullptr || found->strength < least) return left;
            at_ = pending_;
            skip_newlines();
            const std::string right = binary(found->strength + 1);
            const bool is_logical = found->text == "||" || found->text == "&&";
            left = is_logical ? filled(found->translation, truth(left), truth(right))
                              : filled(found->translation, left, right);
        }
    }
    /// Groovy's truth of a translated expression. What gives a boolean is known by how it begins.
    static std::string truth(const std::string& of) {
        for (const char* begin : {"$.eq(", "!", "($.cmp(", "$.within(", "$.match(", "($.eq(", "(($.cmp("})
            if (of.starts_with(begin)) return of;
        return format("$.t({})", of);
    }
    std::string cast(const std::string& of) {
        ++at_;
        if (!groovy::is_cast_type(now().text)) throw std::invalid_argument(format("the cast 'as {}'", now().text));
        return format("$.as({}, '{}')", of, tokens_[at_++].text);
    }
    static std::string filled(std::string_view pattern, const std::string& left, const std::string& right) {
        std::string out;
        for (size_t at = 0; at < pattern.size(); ++at) {
            if (pattern.substr(at).starts_with("{0}") || pattern.substr(at).starts_with("{1}")) {
                out += pattern[at + 1] == '0' ? left : right;
                at += 2;
            } else {
                out += pattern[at];
            }
        }
        return out;
    }

    std::string unary() {
        if (++depth_ > kMostDepth) throw std::invalid_argument("it is nested too deeply");
        std::string out;
        if (take("!"))
            out = format("!{}", truth(unary()));
        else if (take("-"))
            out = format("$.neg({})", unary());
        else if (take("+"))
            out = unary();
        else
            out = postfix();
        --depth_;
        return out;
    }

    std::string postfix() {
        std::string of = primary();
        while (true) {
            if (now().is(".") || now().is("?.")) {
                of = member(of);
            } else if (take("[")) {
                of = format("$.at({}, {})", of, expression());
                expect("]");
            } else if (now().is("(")) {
                throw std::invalid_argument("a call of something that is no method");
            } else {
                return of;
            }
        }
    }

    std::string member(const std::string& of) {
        const std::string dot = tokens_[at_++].text;
        if (now().kind == Kind::Text)
            return format("{}{}[{}]", of, dot == "?." ? dot : "", js_text(tokens_[at_++].text));
        if (now().kind != Kind::Name) throw std::invalid_argument(format("{} behind a '.'", shown()));
        const std::string name = tokens_[at_++].text;
        if (!now().is("(") && !now().is("{")) return format("{}{}[{}]", of, dot == "?." ? dot : "", js_text(name));
        const std::string method = groovy::method_of(name);
        std::string arguments;
        if (take("(")) {
            skip_newlines();
            while (!now().is(")")) {
                arguments += (arguments.empty() ? "" : ", ") + argument();
                skip_newlines();
                if (!now().is(")")) expect(",");
                skip_newlines();
            }
            ++at_;
        }
        if (now().is("{")) arguments += (arguments.empty() ? "" : ", ") + closure();
        // A Matcher's find takes nothing, a list's a closure.
        return format("{}{}{}({})", of, dot, method == "find" && !arguments.empty() ? "$find" : method, arguments);
    }

    std::string argument() { return now().is("{") ? closure() : expression(); }

    std::string closure() {
        ++at_;
        skip_newlines();
        std::string parameters = "it";
        std::set<std::string> names = locals_;
        size_t arrow = at_;
        while (tokens_[arrow].kind == Kind::Name || tokens_[arrow].is(",")) ++arrow;
        if (tokens_[arrow].is("->")) {
            parameters.clear();
            for (; at_ < arrow; ++at_) {
                if (now().is(",")) continue;
                const std::string name = now().text;
                if (groovy::is_keyword(name)) throw std::invalid_argument(format("'{}' as a variable's name", name));
                names.insert(name);
                parameters += (parameters.empty() ? "" : ", ") + name;
            }
            ++at_;
        } else {
            names.insert("it");
        }
        std::swap(names, locals_);
        const std::string body = block(true);
        std::swap(names, locals_);
        expect("}");
        return format("({}) => {{ {} }}", parameters, body);
    }

    std::string primary() {
        const GroovyToken token = now();
        switch (token.kind) {
            case Kind::Number:
                ++at_;
                return groovy::number(token.text);
            case Kind::Text:
                ++at_;
                return js_text(token.text);
            case Kind::Template:
                ++at_;
                return interpolated(token);
            case Kind::Regex:
                ++at_;
                patterns_.push_back(token.text);
                return js_text(token.text);
            case Kind::Name:
                return name();
            case Kind::Operator:
                if (take("(")) {
                    skip_newlines();
                    std::string inner = expression();
                    expect(")");
                    return format("({})", inner);
                }
                if (take("[")) return list_or_map();
                break;
            case Kind::End:
            case Kind::Newline:
                break;
        }
        throw std::invalid_argument(format("{} is not known here", shown()));
    }

    std::string name() {
        std::string name = now().text;
        if (name == "null" || name == "true" || name == "false") {
            ++at_;
            return name;
        }
        if (name == "new" && tokens_[at_ + 1].is_name("BigDecimal")) {
            at_ += 2;
            expect("(");
            std::string digits = expression();
            expect(")");
            return format("$.dec({})", digits);
        }
        if (!groovy::is_input(name) && !locals_.contains(name))
            throw std::invalid_argument(
                format("'{}' is not known here; a script sees key, value, keySchema, "
                       "valueSchema, topic and header",
                       name));
        ++at_;
        return name;
    }

    std::string interpolated(const GroovyToken& token) {
        std::string out = "(''";
        for (size_t at = 0; at < token.parts.size(); ++at) {
            if (at % 2 == 0)
                out += " + " + js_text(token.parts[at]);
            else
                out += format(" + $.text({})", inner(token.parts[at]));
        }
        return out + ")";
    }

    std::string inner(const std::string& text) {
        Translator translator(text, locals_);
        translator.skip_newlines();
        std::string out = translator.expression();
        translator.skip_newlines();
        translator.expect_end();
        patterns_.insert(patterns_.end(), translator.patterns_.begin(), translator.patterns_.end());
        return out;
    }

    std::string list_or_map() {
        skip_newlines();
        if (take(":")) {
            expect("]");
            return "$.map({})";
        }
        std::string out;
        bool is_map = false;
        while (!now().is("]")) {
            const bool is_key = (now().kind == Kind::Name || now().kind == Kind::Text) && tokens_[at_ + 1].is(":");
            if (!out.empty()) out += ", ";
            if (is_key) {
                is_map = true;
                out += js_text(now().text) + ": ";
                at_ += 2;
                skip_newlines();
            }
            out += expression();
            skip_newlines();
            if (!now().is("]")) expect(",");
            skip_newlines();
        }
        ++at_;
        return is_map ? format("$.map({{{}}})", out) : format("$.list([{}])", out);
    }

    std::vector<GroovyToken> tokens_;
    size_t at_ = 0;
    size_t pending_ = 0;
    size_t depth_ = 0;
    std::set<std::string> locals_;
    std::vector<std::string> patterns_;
};

}  // namespace

GroovyTranslation groovy_translation(std::string_view text) {
    return Translator(text).translation();
}

}  // namespace millrace::script
