#include "source/postgres/default_value.h"

#include <array>
#include <string_view>

#include "base/text.h"

namespace millrace::postgres {
namespace {

using Kind = ValueForm::Kind;

struct Placeholder {
    std::string_view type;   ///< As the JDBC driver names it.
    std::string_view value;  ///< What stands for what a function makes.
};
constexpr Placeholder kTypes[] = {
    {"bit", "00"},
    {"varbit", "0"},
    {"bool", "false"},
    {"bpchar", ""},
    {"varchar", ""},
    {"text", ""},
    {"numeric", "0.0"},
    {"float4", "0.0"},
    {"float8", "0.0"},
    {"int2", "0"},
    {"int4", "0"},
    {"serial", "0"},
    {"int8", "0"},
    {"bigserial", "0"},
    {"smallserial", "0"},
    {"json", "{}"},
    {"jsonb", "{}"},
    {"xml", ""},
    {"uuid", "00000000-0000-0000-0000-000000000000"},
    {"date", "1970-01-01"},
    {"time", "00:00:00"},
    {"timestamp", "1970-01-01 00:00:00"},
    {"timestamptz", "1970-01-01 00:00:00+00"},
    {"interval", ""},
};

/// name(…), with a parenthesis before it or not.
bool is_function(std::string_view expression) {
    if (expression.starts_with('(')) expression.remove_prefix(1);
    size_t at = 0;
    const auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    };
    while (at < expression.size() && is_word(expression[at])) ++at;
    return at > 0 && at < expression.size() && expression[at] == '(' && expression.find(')', at) != std::string::npos;
}

bool is_current_time(std::string_view expression) {
    for (const char* name : {"current_timestamp", "current_time", "current_date", "localtime", "localtimestamp"})
        if (iequals(expression, name)) return true;
    return false;
}

/// What stands between the first two quotes, or all of it where there are none. A quote within a literal is doubled,
/// which cuts it there, as in Debezium. Nothing: NULL.
std::optional<std::string> literal(std::string_view expression) {
    const size_t open = expression.find('\'');
    if (open == std::string_view::npos) {
        if (expression.starts_with("NULL::")) return std::nullopt;
        return std::string(expression);
    }
    const size_t close = expression.find('\'', open + 1);
    if (close == std::string_view::npos) return std::nullopt;
    return std::string(expression.substr(open + 1, close - open - 1));
}

/// 'label'::type
std::optional<std::string> enum_literal(std::string_view expression, const std::string& type) {
    const std::string cast = "::" + type;
    if (!expression.ends_with(cast)) return std::nullopt;
    expression.remove_suffix(cast.size());
    if (expression.size() < 2 || !expression.starts_with('\'') || !expression.ends_with('\'')) return std::nullopt;
    return std::string(expression.substr(1, expression.size() - 2));
}

bool is_number(std::string_view text, bool is_whole) {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    const std::string_view allowed = is_whole ? "0123456789" : "0123456789.eE+-";
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

/// Would the form take it?
bool is_readable(const ValueForm& form, std::string_view text) {
    switch (form.kind) {
        case Kind::Integer:
            return is_number(text, true);
        case Kind::Float:
        case Kind::Double:
        case Kind::Decimal:
        case Kind::DecimalDouble:
        case Kind::DecimalText:
            return is_number(text, false);
        case Kind::VariableDecimal:  // Connect cannot hold a struct as a default (KAFKA-12694)
            return false;
        case Kind::Bits:
        case Kind::BitBoolean:
            return text.find_first_not_of("01") == std::string_view::npos;
        default:
            return true;
    }
}

}  // namespace

std::optional<std::string> default_json(const relational::Column& column, const PgType& type, const ValueForm& form) {
    if (!column.default_expression) return std::nullopt;
    const std::string expression(trimmed(*column.default_expression));
    std::optional<std::string> text;
    if (type.kind == 'e') {
        text = enum_literal(expression, type.name);
    } else {
        const Placeholder* known = nullptr;
        for (const auto& one : kTypes)
            if (one.type == column.type_name) known = &one;
        if (known == nullptr) return std::nullopt;
        text = is_function(expression) || is_current_time(expression) ? std::string(known->value) : literal(expression);
        if (text && type.oid == oid::kBool) text = iequals(*text, "true") ? "t" : "f";
        if (text && type.oid == oid::kInterval && text->empty()) return std::nullopt;
    }
    if (!text || !is_readable(form, *text)) return std::nullopt;
    if (form.kind == Kind::DecimalText && column.scale && *column.scale > 0 && column.length.value_or(0) != 131089) {
        const size_t point = text->find('.');
        std::string digits = point == std::string::npos ? *text + "." : *text;
        const size_t fraction = point == std::string::npos ? 0 : text->size() - point - 1;
        for (size_t i = fraction; i < static_cast<size_t>(*column.scale); ++i) digits += '0';
        text = digits;
    }
    try {
        std::string json;
        append_value(json, form, *text, false);
        return json;
    } catch (const UnreadableValue&) {
        return std::nullopt;  // an expression
    }
}

}  // namespace millrace::postgres
