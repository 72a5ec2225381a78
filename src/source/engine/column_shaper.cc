#include "source/engine/column_shaper.h"

#include <algorithm>

#include "base/base64.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"

namespace millrace::engine {
namespace {

using Shape = relational::ColumnShape::Kind;

/// Cuts a JSON string, which begins at `start` of `out`, to so many UTF-16 units.
void truncate_json_string(std::string& out, size_t start, int units) {
    size_t at = start + 1;
    const size_t end = out.size() - 1;
    while (at < end && units > 0) {
        const auto c = static_cast<unsigned char>(out[at]);
        if (c == '\\')
            at += out[at + 1] == 'u' ? 6 : 2;
        else
            at += c < 0x80 ? 1 : c < 0xE0 ? 2 : 3;  // four bytes are never written: they stand as two escapes
        --units;
    }
    if (at >= end) return;
    out.resize(at);
    out += '"';
}

/// Java's ObjectOutputStream of a String (Java Object Serialization Specification, 6.4.2).
std::string java_serialized(const std::u16string& text) {
    std::string bytes;  // modified UTF-8: NUL takes two bytes, surrogates stand by themselves
    for (const char16_t unit : text) {
        if (unit != 0 && unit < 0x80) {
            bytes += static_cast<char>(unit);
        } else if (unit < 0x800) {
            bytes += static_cast<char>(0xC0 | unit >> 6);
            bytes += static_cast<char>(0x80 | (unit & 63));
        } else {
            bytes += static_cast<char>(0xE0 | unit >> 12);
            bytes += static_cast<char>(0x80 | (unit >> 6 & 63));
            bytes += static_cast<char>(0x80 | (unit & 63));
        }
    }
    const bool is_long = bytes.size() > 0xFFFF;
    std::string out = "\xAC\xED";
    out += '\0';
    out += '\x05';
    out += is_long ? '\x7C' : '\x74';
    for (int shift = is_long ? 56 : 8; shift >= 0; shift -= 8) out += static_cast<char>(bytes.size() >> shift & 255);
    return out + bytes;
}

/// Masks and hashes are for text: java.sql.Types CHAR, VARCHAR, NCHAR, NVARCHAR.
bool is_text(int jdbc_type) {
    using namespace relational::jdbc;
    return jdbc_type == kChar || jdbc_type == kVarchar || jdbc_type == kNChar || jdbc_type == kNVarchar;
}

void propagate(const relational::Column& column, const std::string& type, record::Schema& schema) {
    schema.parameters.emplace_back("__debezium.source.column.type", upper(type));
    if (column.length)
        schema.parameters.emplace_back("__debezium.source.column.length", std::to_string(*column.length));
    if (column.scale) schema.parameters.emplace_back("__debezium.source.column.scale", std::to_string(*column.scale));
    if (column.comment && !column.comment->empty())
        schema.parameters.emplace_back("__debezium.source.column.comment", *column.comment);
    schema.parameters.emplace_back("__debezium.source.column.name", column.name);
}

}  // namespace

ColumnShaper::ColumnShaper(relational::ColumnShape shape, const std::string& table_name,
                           const relational::Column& column, const std::string& propagated_type, record::Schema& schema)
    : shape_(std::move(shape)),
      column_name_(format("column {} of table {}", column.name, table_name)),
      is_optional_(column.optional),
      holds_bytes_(schema.type == record::Type::Bytes && schema.name.empty()),
      holds_meaning_(schema.type == record::Type::Bytes && !schema.name.empty()),
      hash_length_(column.length.value_or(0)) {
    switch (shape_.kind) {
        case Shape::AsIs:
            break;
        case Shape::Truncate:
            is_truncated_ = !column.length || *column.length > shape_.length;
            if (is_truncated_) schema.parameters.emplace_back("truncateLength", std::to_string(shape_.length));
            break;
        case Shape::Mask:
        case Shape::HashV1:
        case Shape::HashV2:
            schema.parameters.emplace_back("masked", "true");
            is_masked_ = is_text(column.jdbc_type);
            break;
        case Shape::Propagate:
            propagate(column, propagated_type, schema);
            break;
    }
    if (is_masked_ && shape_.kind == Shape::Mask)
        json_text::append_string(mask_json_, std::string(static_cast<size_t>(shape_.length), '*'));
    if (is_masked_ && shape_.kind != Shape::Mask) digest_ = Digest::make(shape_.algorithm);
}

void ColumnShaper::shape(std::string& out, size_t start, bool is_null, std::string_view null_json) {
    if (shape_.kind == Shape::Mask) {
        out.resize(start);
        mask(out, mask_json_, null_json);
    } else if (!is_null && is_truncated_) {
        truncate(out, start);
    } else if (!is_null) {
        hash(out, start, null_json);
    }
}

/// A mask is text; a column of bytes cannot hold it.
void ColumnShaper::mask(std::string& out, std::string_view json, std::string_view null_json) const {
    if (!holds_bytes_)
        out += json;
    else if (is_optional_)
        out += null_json;
    else
        throw FatalError(
            format("{} cannot mask {}: it holds bytes and may not be null. Leave it out with column.exclude.list, or "
                   "set binary.handling.mode=base64",
                   shape_.property, column_name_));
}

void ColumnShaper::truncate(std::string& out, size_t start) const {
    if (out[start] != '"' || holds_meaning_) return;
    if (!holds_bytes_) {
        truncate_json_string(out, start, shape_.length);
        return;
    }
    const auto bytes = base64::decode(std::string_view(out).substr(start + 1, out.size() - start - 2));
    out.resize(start);
    json_text::append_base64(out, std::string_view(*bytes).substr(0, static_cast<size_t>(shape_.length)));
}

void ColumnShaper::hash(std::string& out, size_t start, std::string_view null_json) {
    if (out.size() < start + 2 || out[start] != '"' || holds_bytes_) {
        out.resize(start);
        mask(out, "null", null_json);
        return;
    }
    const std::string text = json_text::unquoted(std::string_view(out).substr(start));
    out.resize(start);
    digest_->begin();
    digest_->add(shape_.salt);
    digest_->add(shape_.kind == Shape::HashV1 ? java_serialized(to_utf16(text)) : text);
    out += '"';
    digest_->append_hex(out);
    if (hash_length_ > 0) out.resize(std::min(out.size(), start + 1 + static_cast<size_t>(hash_length_)));
    out += '"';
}

}  // namespace millrace::engine
