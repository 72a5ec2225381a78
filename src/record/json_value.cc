#include "record/json_value.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
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

/// The first byte from `at` on that `is_sought` names by blocks of 16 (a bit for each) or, at the end, one by one.
template <typename Block, typename One>
const char* find_first(const char* at, const char* end, Block&& block, One&& one) {
#ifdef __SSE2__
    while (end - at >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(block(bytes)));
        if (mask != 0) return at + std::countr_zero(mask);
        at += 16;
    }
#else
    static_cast<void>(block);
#endif
    while (at < end && !one(*at)) ++at;
    return at;
}

#ifdef __SSE2__
__m128i equal_to(__m128i bytes, char c) {
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
}
constexpr auto kQuoteOrBackslash = [](__m128i bytes) {
    return _mm_or_si128(equal_to(bytes, '"'), equal_to(bytes, '\\'));
};
/// '[' and ']' differ from '{' and '}' by one bit.
constexpr auto kQuoteOrBracket = [](__m128i bytes) {
    const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    return _mm_or_si128(equal_to(bytes, '"'), _mm_or_si128(equal_to(folded, '{'), equal_to(folded, '}')));
};
#else
constexpr int kQuoteOrBackslash = 0, kQuoteOrBracket = 0;
#endif

/// Behind the closing quote of the string whose opening quote is at `at`; nullptr: there is none.
const char* skip_string(const char* at, const char* end) {
    for (++at;; at += 2) {
        at = find_first(at, end, kQuoteOrBackslash, [](char c) { return c == '"' || c == '\\'; });
        if (at >= end) return nullptr;
        if (*at == '"') return at + 1;
        if (end - at < 2) return nullptr;
    }
}

const char* skip_nested(const char* at, const char* end) {
    int depth = 0;
    while (true) {
        at = find_first(at, end, kQuoteOrBracket,
                        [](char c) { return c == '"' || (c | 0x20) == '{' || (c | 0x20) == '}'; });
        if (at >= end) return nullptr;
        if (*at == '"') {
            at = skip_string(at, end);
            if (at == nullptr) return nullptr;
            continue;
        }
        depth += (*at | 0x20) == '{' ? 1 : -1;
        ++at;
        if (depth == 0) return at;
    }
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

/// Behind `"name":` if that is what stands at `at`, else nullptr.
const char* behind_name(const char* at, const char* end, const std::string& name) {
    const size_t size = name.size();
    if (static_cast<size_t>(end - at) < size + 3 || at[0] != '"' || at[size + 1] != '"' || at[size + 2] != ':')
        return nullptr;
    return std::memcmp(at + 1, name.data(), size) == 0 ? at + size + 3 : nullptr;
}

Value open_struct_by_name(const Schema& schema, std::string_view json, std::span<Value> fields, Arena& arena) {
    for_each_part(schema, json, true, [&](std::string_view name, std::string_view part) {
        const auto at = schema.index_of(unescaped(name, arena));
        if (!at) fail(schema, json);
        fields[*at] = Value::json(part);
    });
    return Value::list(fields);
}

/// The converter writes the fields in their order; another order, and names with escapes, are looked up.
Value open_struct(const Schema& schema, std::string_view json, Arena& arena) {
    const size_t count = schema.fields.size();
    auto* children = arena.allocate<Value>(count);
    std::uninitialized_fill_n(children, count, Value());
    const std::span<Value> fields{children, count};
    const char* at = json.data();
    const char* const end = at + json.size();
    for (size_t i = 0; i < count; ++i) {
        if (at == end || *at != (i == 0 ? '{' : ',')) return open_struct_by_name(schema, json, fields, arena);
        const char* value = behind_name(at + 1, end, schema.fields[i].name);
        const char* behind = value == nullptr ? nullptr : skip_json(value, end);
        if (behind == nullptr) return open_struct_by_name(schema, json, fields, arena);
        fields[i] = Value::json({value, static_cast<size_t>(behind - value)});
        at = behind;
    }
    if (count == 0 || at == end || *at != '}') return open_struct_by_name(schema, json, fields, arena);
    return Value::list(fields);
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
