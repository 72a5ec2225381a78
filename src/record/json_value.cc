#include "record/json_value.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/base64.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"

namespace millrace::record {
namespace {

[[noreturn]] void fail(const Schema& schema, std::string_view json) {
    throw FatalError(format("A value of type {}{}{} cannot be read: {}", name_of(schema.type),
                            schema.name.empty() ? "" : ", ", schema.name, json.substr(0, 200)));
}

/// Behind the closing quote of the string whose opening quote is at `at`.
const char* skip_string(const char* at, const char* end) {
    const char* from = at + 1;
    while (from < end) {
        const auto* quote = static_cast<const char*>(std::memchr(from, '"', static_cast<size_t>(end - from)));
        if (quote == nullptr) return nullptr;
        const char* before = quote;
        while (before[-1] == '\\' && before - 1 > at) --before;
        if ((quote - before) % 2 == 0) return quote + 1;
        from = quote + 1;
    }
    return nullptr;
}

const char* skip_nested(const char* at, const char* end) {
    int depth = 0;
    while (at < end) {
        switch (*at) {
            case '"':
                at = skip_string(at, end);
                if (at == nullptr) return nullptr;
                continue;
            case '{':
            case '[':
                ++depth;
                break;
            case '}':
            case ']':
                if (--depth == 0) return at + 1;
                break;
            default:
                break;
        }
        ++at;
    }
    return nullptr;
}

std::string_view unescaped(std::string_view quoted, Arena& arena) {
    const std::string_view inner = quoted.substr(1, quoted.size() - 2);
    if (inner.find('\\') == std::string_view::npos) return inner;
    return arena.copy(json_text::unquoted(quoted));
}

bool is_quoted(std::string_view json) {
    return json.size() >= 2 && json.front() == '"' && json.back() == '"';
}

Value floating(const Schema& schema, std::string_view json) {
    double value = 0;
    if (json == "\"NaN\"")
        value = std::numeric_limits<double>::quiet_NaN();
    else if (json == "\"Infinity\"")
        value = std::numeric_limits<double>::infinity();
    else if (json == "\"-Infinity\"")
        value = -std::numeric_limits<double>::infinity();
    else if (schema.type == Type::Float32) {
        float narrow = 0;
        if (std::from_chars(json.data(), json.data() + json.size(), narrow).ec != std::errc()) fail(schema, json);
        return Value::float32(narrow);
    } else if (std::from_chars(json.data(), json.data() + json.size(), value).ec != std::errc()) {
        fail(schema, json);
    }
    return schema.type == Type::Float32 ? Value::float32(static_cast<float>(value)) : Value::float64(value);
}

/// Cuts an object or array into its values; calls each(name, value) with the quoted name, empty in arrays.
template <typename Each>
void for_each_part(const Schema& schema, std::string_view json, bool is_object, Each&& each) {
    if (json.size() < 2 || json.front() != (is_object ? '{' : '[')) fail(schema, json);
    const char* at = json.data() + 1;
    const char* const end = json.data() + json.size();
    if (*at == (is_object ? '}' : ']')) return;
    while (true) {
        std::string_view name;
        if (is_object) {
            const char* behind = at < end && *at == '"' ? skip_string(at, end) : nullptr;
            if (behind == nullptr || behind == end || *behind != ':') fail(schema, json);
            name = {at, static_cast<size_t>(behind - at)};
            at = behind + 1;
        }
        const char* behind = skip_json(at, end);
        if (behind == nullptr || behind == end) fail(schema, json);
        each(name, std::string_view(at, static_cast<size_t>(behind - at)));
        if (*behind != ',') break;
        at = behind + 1;
    }
}

Value list_of(const std::vector<Value>& parts, Arena& arena) {
    auto* children = arena.allocate<Value>(parts.size());
    std::uninitialized_copy(parts.begin(), parts.end(), children);
    return Value::list({children, parts.size()});
}

Value open_array(const Schema& schema, std::string_view json, Arena& arena) {
    std::vector<Value> parts;
    for_each_part(schema, json, false,
                  [&](std::string_view, std::string_view part) { parts.push_back(Value::json(part)); });
    return list_of(parts, arena);
}

/// An object if the keys are strings, else an array of pairs.
Value open_map(const Schema& schema, std::string_view json, Arena& arena) {
    std::vector<Value> parts;
    if (schema.keys->type == Type::String && !json.empty() && json.front() == '{')
        for_each_part(schema, json, true, [&](std::string_view name, std::string_view part) {
            parts.push_back(Value::text(unescaped(name, arena)));
            parts.push_back(Value::json(part));
        });
    else
        for_each_part(schema, json, false, [&](std::string_view, std::string_view pair) {
            for_each_part(schema, pair, false,
                          [&](std::string_view, std::string_view part) { parts.push_back(Value::json(part)); });
        });
    if (parts.size() % 2 != 0) fail(schema, json);
    const Value list = list_of(parts, arena);
    return Value::map(list.children());
}

Value open_struct(const Schema& schema, std::string_view json, Arena& arena) {
    const size_t count = schema.fields.size();
    auto* children = arena.allocate<Value>(count);
    std::uninitialized_fill_n(children, count, Value());
    size_t next = 0;
    for_each_part(schema, json, true, [&](std::string_view name, std::string_view part) {
        // The converter writes the fields in their order; another order is looked up.
        if (next < count && name.substr(1, name.size() - 2) == schema.fields[next].name) {
            children[next++] = Value::json(part);
            return;
        }
        const auto at = schema.index_of(unescaped(name, arena));
        if (!at) fail(schema, json);
        children[*at] = Value::json(part);
        next = *at + 1;
    });
    return Value::list({children, count});
}

}  // namespace

const char* skip_json(const char* at, const char* end) {
    if (at >= end) return nullptr;
    if (*at == '"') return skip_string(at, end);
    if (*at == '{' || *at == '[') return skip_nested(at, end);
    const char* from = at;
    while (at < end && *at != ',' && *at != '}' && *at != ']') ++at;
    return at == from ? nullptr : at;
}

Value opened(const Schema& schema, const Value& value, Arena& arena) {
    if (!value.is(Value::Kind::Json)) return value;
    const std::string_view json = value.json();
    switch (schema.type) {
        case Type::Int8:
        case Type::Int16:
        case Type::Int32:
        case Type::Int64: {
            int64_t number = 0;
            const auto [behind, error] = std::from_chars(json.data(), json.data() + json.size(), number);
            if (error != std::errc() || behind != json.data() + json.size()) fail(schema, json);
            return Value::integer(number);
        }
        case Type::Boolean:
            if (json != "true" && json != "false") fail(schema, json);
            return Value::boolean(json == "true");
        case Type::Float32:
        case Type::Float64:
            return floating(schema, json);
        case Type::String:
            if (!is_quoted(json)) fail(schema, json);
            return Value::text(unescaped(json, arena));
        case Type::Bytes: {
            if (!is_quoted(json)) fail(schema, json);
            const auto bytes = base64::decode(json.substr(1, json.size() - 2));
            if (!bytes) fail(schema, json);
            return Value::bytes(arena.copy(*bytes));
        }
        case Type::Array:
            return open_array(schema, json, arena);
        case Type::Map:
            return open_map(schema, json, arena);
        case Type::Struct:
            return open_struct(schema, json, arena);
    }
    return value;
}

Value opened_whole(const Schema& schema, const Value& value, Arena& arena) {
    const Value open = opened(schema, value, arena);
    if (open.is(Value::Kind::List) && schema.type == Type::Struct) {
        for (size_t i = 0; i < schema.fields.size(); ++i)
            open.children()[i] = opened_whole(*schema.fields[i].schema, open.children()[i], arena);
    } else if (open.is(Value::Kind::List)) {
        for (auto& item : open.children()) item = opened_whole(*schema.items, item, arena);
    } else if (open.is(Value::Kind::Map)) {
        for (size_t i = 0; i < open.children().size(); ++i)
            open.children()[i] = opened_whole(i % 2 == 0 ? *schema.keys : *schema.items, open.children()[i], arena);
    }
    return open;
}

}  // namespace millrace::record
