#include "source/binlog/json_binary.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/base64.h"
#include "base/byte_cursor.h"
#include "base/decimal.h"
#include "base/json_text.h"
#include "base/text.h"
#include "source/binlog/column_value.h"

namespace millrace::binlog::json_binary {
namespace {

constexpr int kDepthMax = 200;

enum Type : uint8_t {
    kSmallObject = 0,
    kLargeObject = 1,
    kSmallArray = 2,
    kLargeArray = 3,
    kLiteral = 4,
    kInt16 = 5,
    kUint16 = 6,
    kInt32 = 7,
    kUint32 = 8,
    kInt64 = 9,
    kUint64 = 10,
    kDouble = 11,
    kString = 12,
    kOpaque = 15,
};

/// The document's text is SQL text, not Kafka's: characters stay as they are, only what JSON demands is escaped.
void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (byte < 0x20)
                    out += format("\\u{:04X}", byte);
                else
                    out += c;
        }
    }
    out += '"';
}

void append_number(std::string& out, double value) {
    const std::string text = json_text::java_double(value);
    out += text.find('E') == std::string::npos ? text : decimal::exact(value);
}

void append_clock(std::string& out, int64_t hour, int64_t minute, int64_t second, int64_t micros) {
    out += format("{:02}:{:02}:{:02}", hour, minute, second);
    if (micros == 0) return;
    std::string fraction = format(".{:06}", micros);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    out += fraction;
}

void append_temporal(std::string& out, WireType type, int64_t packed) {
    const bool negative = packed < 0;
    const uint64_t magnitude = negative ? uint64_t{0} - static_cast<uint64_t>(packed) : static_cast<uint64_t>(packed);
    const auto micros = static_cast<int64_t>(magnitude & 0xFFFFFF);
    const auto whole = static_cast<int64_t>(magnitude >> 24);
    out += '"';
    if (type == WireType::Time) {
        if (negative) out += '-';
        append_clock(out, whole >> 12 & 1023, whole >> 6 & 63, whole & 63, micros);
    } else {
        const int64_t date = whole >> 17;
        const int64_t clock = whole & 0x1FFFF;
        const int64_t year_month = date >> 5;
        out += format("{:04}-{:02}-{:02}", year_month / 13, year_month % 13, date & 31);
        if (type != WireType::Date) {
            out += ' ';
            append_clock(out, clock >> 12, clock >> 6 & 63, clock & 63, micros);
        }
    }
    out += '"';
}

bool append_opaque(std::string& out, ByteCursor& cursor) {
    const auto type = static_cast<WireType>(cursor.u8());
    size_t length = 0;
    for (int shift = 0; shift < 35; shift += 7) {
        const uint8_t byte = cursor.u8();
        length |= static_cast<size_t>(byte & 0x7F) << shift;
        if (byte < 0x80) break;
    }
    ByteCursor body(cursor.bytes(length));
    if (!cursor.ok()) return false;
    switch (type) {
        case WireType::NewDecimal: {
            const int precision = body.u8();
            const int scale = body.u8();
            return append_packed_decimal(out, body, precision, scale);
        }
        case WireType::Date:
        case WireType::Time:
        case WireType::DateTime:
        case WireType::Timestamp:
            append_temporal(out, type, body.i64());
            return body.ok();
        default:
            json_text::append_base64(out, body.rest());
            return true;
    }
}

bool append_scalar(std::string& out, uint8_t type, ByteCursor cursor) {
    switch (type) {
        case kLiteral: {
            const uint8_t literal = cursor.u8();
            if (literal > 2) return false;
            out += literal == 0 ? "null" : literal == 1 ? "true" : "false";
            break;
        }
        case kInt16:
            json_text::append_int(out, cursor.i16());
            break;
        case kUint16:
            json_text::append_int(out, cursor.u16());
            break;
        case kInt32:
            json_text::append_int(out, cursor.i32());
            break;
        case kUint32:
            json_text::append_int(out, cursor.u32());
            break;
        case kInt64:
            json_text::append_int(out, cursor.i64());
            break;
        case kUint64:
            json_text::append_uint(out, cursor.u64());
            break;
        case kDouble:
            append_number(out, cursor.f64());
            break;
        case kString: {
            size_t length = 0;
            for (int shift = 0; shift < 35; shift += 7) {
                const uint8_t byte = cursor.u8();
                length |= static_cast<size_t>(byte & 0x7F) << shift;
                if (byte < 0x80) break;
            }
            append_json_string(out, cursor.bytes(length));
            break;
        }
        case kOpaque:
            return append_opaque(out, cursor);
        default:
            return false;
    }
    return cursor.ok();
}

/// Where a container's members lie.
struct Container {
    bool large = false;
    bool object = false;
    std::string_view bytes;  // from the element count on
    uint32_t count = 0;

    size_t offset_size() const { return large ? 4 : 2; }
    size_t header() const { return 2 * offset_size(); }
    size_t key_entry(uint32_t i) const { return header() + i * (offset_size() + 2); }
    size_t value_entry(uint32_t i) const {
        return header() + (object ? count * (offset_size() + 2) : 0) + i * (offset_size() + 1);
    }
    ByteCursor at(size_t offset) const {
        return ByteCursor(offset <= bytes.size() ? bytes.substr(offset) : std::string_view{});
    }
    bool open(uint8_t type, std::string_view from) {
        large = type == kLargeObject || type == kLargeArray;
        object = type == kSmallObject || type == kLargeObject;
        ByteCursor cursor(from);
        count = static_cast<uint32_t>(cursor.little(offset_size()));
        const uint64_t size = cursor.little(offset_size());
        if (!cursor.ok() || size > from.size() || size < header()) return false;
        bytes = from.substr(0, static_cast<size_t>(size));
        return value_entry(count) <= bytes.size();
    }
    bool key(uint32_t i, std::string_view& text) const {
        ByteCursor entry = at(key_entry(i));
        const auto offset = static_cast<size_t>(entry.little(offset_size()));
        const uint16_t length = entry.u16();
        ByteCursor body = at(offset);
        text = body.bytes(length);
        return entry.ok() && body.ok();
    }
    bool is_inlined(uint8_t type) const {
        return type == kLiteral || type == kInt16 || type == kUint16 || (large && (type == kInt32 || type == kUint32));
    }
    /// Type and bytes of a member's value.
    bool value(uint32_t i, uint8_t& type, std::string_view& from) const {
        ByteCursor entry = at(value_entry(i));
        type = entry.u8();
        if (is_inlined(type)) {
            from = entry.rest();
            return entry.ok();
        }
        const auto offset = static_cast<size_t>(entry.little(offset_size()));
        if (!entry.ok() || offset >= bytes.size()) return false;
        from = bytes.substr(offset);
        return true;
    }
};

bool append_value(std::string& out, uint8_t type, std::string_view bytes, int depth) {
    if (type > kLargeArray) return append_scalar(out, type, ByteCursor(bytes));
    Container container;
    if (depth > kDepthMax || !container.open(type, bytes)) return false;
    out += container.object ? '{' : '[';
    for (uint32_t i = 0; i < container.count; ++i) {
        if (i > 0) out += ',';
        std::string_view name;
        if (container.object) {
            if (!container.key(i, name)) return false;
            append_json_string(out, name);
            out += ':';
        }
        uint8_t member = 0;
        std::string_view from;
        if (!container.value(i, member, from) || !append_value(out, member, from, depth + 1)) return false;
    }
    out += container.object ? '}' : ']';
    return true;
}

// ---------------------------------------------------------------------------------------------- partial updates

/// A document that can be changed; leaves are kept as the text that they print as.
struct Member;
struct Node {
    enum class Kind { Leaf, Object, Array };
    Kind kind = Kind::Leaf;
    std::string leaf;
    std::vector<Member> members;
};
struct Member {
    std::string name;  // empty in an Array
    Node node;
};

bool read_node(Node& node, uint8_t type, std::string_view bytes, int depth) {
    if (type > kLargeArray) return append_scalar(node.leaf, type, ByteCursor(bytes));
    Container container;
    if (depth > kDepthMax || !container.open(type, bytes)) return false;
    node.kind = container.object ? Node::Kind::Object : Node::Kind::Array;
    for (uint32_t i = 0; i < container.count; ++i) {
        std::string_view name;
        uint8_t member = 0;
        std::string_view from;
        if (container.object && !container.key(i, name)) return false;
        if (!container.value(i, member, from)) return false;
        Node child;
        if (!read_node(child, member, from, depth + 1)) return false;
        node.members.push_back({std::string(name), std::move(child)});
    }
    return true;
}

bool read_document(Node& node, std::string_view bytes) {
    if (bytes.empty()) {
        node.leaf = "null";
        return true;
    }
    return read_node(node, static_cast<uint8_t>(bytes[0]), bytes.substr(1), 0);
}

void append_node(std::string& out, const Node& node) {
    if (node.kind == Node::Kind::Leaf) {
        out += node.leaf;
        return;
    }
    const bool object = node.kind == Node::Kind::Object;
    out += object ? '{' : '[';
    for (const auto& [name, child] : node.members) {
        if (&child != &node.members.front().node) out += ',';
        if (object) {
            append_json_string(out, name);
            out += ':';
        }
        append_node(out, child);
    }
    out += object ? '}' : ']';
}

struct Step {
    std::string name;  // of an object's member
    size_t index = 0;  // of an array's cell
    bool is_cell = false;
};

std::string unescape_name(std::string_view quoted) {
    std::string out;
    for (size_t i = 0; i < quoted.size(); ++i) {
        if (quoted[i] == '\\' && i + 1 < quoted.size()) ++i;
        out += quoted[i];
    }
    return out;
}

/// Paths as the server writes them into diffs: $.name, $."quoted name", $[0].
std::optional<std::vector<Step>> parse_path(std::string_view path) {
    std::vector<Step> steps;
    if (path.empty() || path[0] != '$') return std::nullopt;
    size_t at = 1;
    while (at < path.size()) {
        Step step;
        if (path[at] == '[') {
            const size_t end = path.find(']', at);
            if (end == std::string_view::npos) return std::nullopt;
            const auto index = parse_int(path.substr(at + 1, end - at - 1));
            if (!index || *index < 0) return std::nullopt;
            step.is_cell = true;
            step.index = static_cast<size_t>(*index);
            at = end + 1;
        } else if (path[at] == '.' && at + 1 < path.size() && path[at + 1] == '"') {
            size_t end = at + 2;
            while (end < path.size() && path[end] != '"') end += path[end] == '\\' ? 2 : 1;
            if (end >= path.size()) return std::nullopt;
            step.name = unescape_name(path.substr(at + 2, end - at - 2));
            at = end + 1;
        } else if (path[at] == '.') {
            const size_t end = std::min(path.find_first_of(".[", at + 1), path.size());
            step.name = path.substr(at + 1, end - at - 1);
            at = end;
        } else {
            return std::nullopt;
        }
        steps.push_back(std::move(step));
    }
    return steps;
}

Node* follow(Node& root, const std::vector<Step>& steps, size_t count) {
    Node* node = &root;
    for (size_t i = 0; i < count; ++i) {
        Node* next = nullptr;
        if (steps[i].is_cell) {
            if (node->kind == Node::Kind::Array && steps[i].index < node->members.size())
                next = &node->members[steps[i].index].node;
            else if (node->kind != Node::Kind::Array && steps[i].index == 0)
                next = node;  // a scalar is its own first cell
        } else if (node->kind == Node::Kind::Object) {
            for (auto& [name, child] : node->members)
                if (name == steps[i].name) next = &child;
        }
        if (next == nullptr) return nullptr;
        node = next;
    }
    return node;
}

/// Members are ordered by the length of their names, then by bytes, as the server stores them.
void insert_member(Node& parent, const std::string& name, Node child) {
    const auto before = [&](const auto& member) {
        return member.name.size() != name.size() ? member.name.size() < name.size() : member.name < name;
    };
    auto at = std::find_if_not(parent.members.begin(), parent.members.end(), before);
    if (at != parent.members.end() && at->name == name)
        at->node = std::move(child);
    else
        parent.members.insert(at, {name, std::move(child)});
}

bool apply_diff(Node& root, uint8_t operation, std::string_view path, std::string_view value) {
    enum { kReplace = 0, kInsert = 1, kRemove = 2 };
    const auto steps = parse_path(path);
    if (!steps) return false;
    Node child;
    if (operation != kRemove && !read_document(child, value)) return false;
    if (operation == kReplace) {
        Node* target = follow(root, *steps, steps->size());
        if (target == nullptr) return false;
        *target = std::move(child);
        return true;
    }
    if (steps->empty()) return false;
    Node* parent = follow(root, *steps, steps->size() - 1);
    if (parent == nullptr) return false;
    const Step& last = steps->back();
    if (operation == kInsert) {
        if (!last.is_cell) {
            insert_member(*parent, last.name, std::move(child));
            return true;
        }
        const size_t index = std::min(last.index, parent->members.size());
        parent->members.insert(parent->members.begin() + static_cast<std::ptrdiff_t>(index),
                               {std::string(), std::move(child)});
        return true;
    }
    if (operation != kRemove) return false;
    const auto found = std::find_if(parent->members.begin(), parent->members.end(), [&](const auto& member) {
        return last.is_cell ? &member - parent->members.data() == static_cast<std::ptrdiff_t>(last.index)
                            : member.name == last.name;
    });
    if (found == parent->members.end()) return false;
    parent->members.erase(found);
    return true;
}

}  // namespace

bool append_text(std::string& out, std::string_view bytes) {
    if (bytes.empty()) {  // a NOT NULL column filled by ALTER TABLE or an ignored error
        out += "null";
        return true;
    }
    return append_value(out, static_cast<uint8_t>(bytes[0]), bytes.substr(1), 0);
}

bool append_patched_text(std::string& out, std::string_view document, std::string_view diffs) {
    Node root;
    if (!read_document(root, document)) return false;
    ByteCursor cursor(diffs);
    while (!cursor.empty()) {
        const uint8_t operation = cursor.u8();
        const std::string_view path = cursor.length_encoded_bytes();
        const std::string_view value = operation == 2 ? std::string_view{} : cursor.length_encoded_bytes();
        if (!cursor.ok() || !apply_diff(root, operation, path, value)) return false;
    }
    append_node(out, root);
    return true;
}

}  // namespace millrace::binlog::json_binary
