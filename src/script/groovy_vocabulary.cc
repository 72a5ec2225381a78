#include "script/groovy_vocabulary.h"

#include <array>
#include <cctype>
#include <set>
#include <stdexcept>

#include "base/text.h"

namespace millrace::script::groovy {

namespace {

const std::set<std::string_view> kInputs = {"key", "value", "keySchema", "valueSchema", "topic", "header", "headers"};

/// Methods that go by the same name in JavaScript, or that kGroovyRuntime adds.
const std::set<std::string_view> kMethods = {
    // texts
    "startsWith", "endsWith", "contains", "indexOf", "lastIndexOf", "substring", "trim", "toUpperCase", "toLowerCase",
    "equals", "equalsIgnoreCase", "compareTo", "matches", "isEmpty", "isBlank", "size", "concat", "charAt", "tokenize",
    "replaceFirst", "toInteger", "toLong", "toDouble", "toBigDecimal", "isNumber", "isInteger", "capitalize", "reverse",
    "toString",
    // numbers and dates
    "intdiv", "intValue", "longValue", "doubleValue", "floatValue", "abs", "negate", "add", "subtract", "multiply",
    "remainder", "signum", "scale", "getTime", "before", "after",
    // lists, maps, regular expressions
    "get", "containsKey", "keySet", "values", "first", "last", "join", "findAll", "collect", "count", "find", "group",
    // structs and schemas
    "getWithoutDefault", "getInt8", "getInt16", "getInt32", "getInt64", "getFloat32", "getFloat64", "getBoolean",
    "getString", "getBytes", "getArray", "getMap", "getStruct", "schema", "name", "version", "doc", "type",
    "isOptional", "parameters", "fields", "field", "index", "keySchema", "valueSchema"};

constexpr std::array<BinaryOperator, 23> kBinary = {
    {{"||", 1, "({0} || {1})"},         {"&&", 2, "({0} && {1})"},           {"|", 3, "$.bit({0}, {1}, '|')"},
     {"^", 4, "$.bit({0}, {1}, '^')"},  {"&", 5, "$.bit({0}, {1}, '&')"},    {"==", 6, "$.eq({0}, {1})"},
     {"!=", 6, "!$.eq({0}, {1})"},      {"<=>", 6, "$.order({0}, {1})"},     {"=~", 6, "$.find({0}, {1})"},
     {"==~", 6, "$.match({0}, {1})"},   {"<", 7, "($.cmp({0}, {1}) < 0)"},   {"<=", 7, "($.cmp({0}, {1}) <= 0)"},
     {">", 7, "($.cmp({0}, {1}) > 0)"}, {">=", 7, "($.cmp({0}, {1}) >= 0)"}, {"in", 7, "$.within({0}, {1})"},
     {"!in", 7, "!$.within({0}, {1})"}, {"..", 8, "$.range({0}, {1})"},      {"+", 9, "$.add({0}, {1})"},
     {"-", 9, "$.sub({0}, {1})"},       {"*", 10, "$.mul({0}, {1})"},        {"/", 10, "$.div({0}, {1})"},
     {"%", 10, "$.mod({0}, {1})"},      {"**", 11, "$.pow({0}, {1})"}}};

/// Digits with a point and an exponent, either of which may be missing.
bool is_decimal_text(std::string_view text) {
    const auto digits = [&](size_t from) {
        while (from < text.size() && std::isdigit(static_cast<unsigned char>(text[from])) != 0) ++from;
        return from;
    };
    size_t at = digits(0);
    if (at < text.size() && text[at] == '.') at = digits(at + 1);
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        const size_t end = digits(at);
        if (end == at) return false;
        at = end;
    }
    return at == text.size() && !text.empty();
}

}  // namespace

bool is_input(std::string_view name) {
    return kInputs.contains(name);
}

bool is_keyword(std::string_view name) {
    static const std::set<std::string_view> keywords = {
        "as",      "assert",     "break",    "case",      "catch",      "class",     "const",   "continue", "def",
        "default", "do",         "else",     "enum",      "extends",    "false",     "finally", "for",      "goto",
        "if",      "implements", "import",   "in",        "instanceof", "interface", "new",     "null",     "package",
        "return",  "super",      "switch",   "this",      "throw",      "throws",    "trait",   "true",     "try",
        "var",     "while",      "let",      "function",  "typeof",     "void",      "delete",  "with",     "yield",
        "await",   "export",     "debugger", "arguments", "eval"};
    return keywords.contains(name) || name.find('$') != std::string_view::npos;
}

bool is_cast_type(std::string_view name) {
    static const std::set<std::string_view> types = {"String", "boolean", "Boolean", "BigDecimal", "double",
                                                     "Double", "float",   "Float",   "int",        "Integer",
                                                     "long",   "Long",    "short",   "Short"};
    return types.contains(name);
}

std::string method_of(const std::string& name) {
    if (name == "length") return "size";
    // JavaScript has something else of that name.
    if (name == "replace" || name == "replaceAll" || name == "split" || name == "any" || name == "every")
        return "$" + name;
    if (kMethods.contains(name)) return name;
    throw std::invalid_argument(format("the method {}() is not known here", name));
}

std::string number(const std::string& written) {
    std::string digits;
    for (const char letter : written)
        if (letter != '_') digits += letter;
    const bool is_hex = digits.starts_with("0x") || digits.starts_with("0X");
    const char suffix = digits.back();
    if (!is_hex && (suffix == 'f' || suffix == 'F' || suffix == 'd' || suffix == 'D')) {
        digits.pop_back();
        if (!is_decimal_text(digits)) throw std::invalid_argument(format("'{}' is no number", written));
        return digits;
    }
    const bool is_decimal = !is_hex && digits.find_first_of(".eE") != std::string::npos;
    if (std::string_view("lLiIgG").find(suffix) != std::string_view::npos) digits.pop_back();
    if (is_decimal) {
        if (!is_decimal_text(digits)) throw std::invalid_argument(format("'{}' is no number", written));
        return format("$.dec('{}')", digits);
    }
    if (digits.find_first_not_of(is_hex ? "0123456789abcdefABCDEFxX" : "0123456789") != std::string::npos)
        throw std::invalid_argument(format("'{}' is no number", written));
    if (digits.size() > 1 && digits[0] == '0' && !is_hex)
        throw std::invalid_argument(format("the octal number '{}'", written));
    constexpr size_t kExactDigits = 15;
    return digits.size() > kExactDigits ? digits + "n" : digits;
}

std::span<const BinaryOperator> binary_operators() {
    return kBinary;
}

}  // namespace millrace::script::groovy
