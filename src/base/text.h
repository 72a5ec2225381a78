#pragma once

#include <fmt/core.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small string work that several rooms need.
namespace millrace {

using fmt::format;

std::string_view trimmed(std::string_view text);
std::string lower(std::string_view text);
std::string upper(std::string_view text);
bool iequals(std::string_view a, std::string_view b);
/// Parts between separators, as they are (empty parts kept).
std::vector<std::string> split(std::string_view text, char separator);
/// Parts between commas, trimmed, empty ones dropped: Kafka's LIST type.
std::vector<std::string> split_list(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::optional<int64_t> parse_int(std::string_view text);
std::string replace_all(std::string text, std::string_view from, std::string_view to);
/// Lower-case hexadecimal.
std::string hex(std::string_view bytes);
/// The reverse; nothing if the text is not hexadecimal.
std::optional<std::string> unhex(std::string_view text);
/// UTF-8 as Java's strings hold it. Bytes that are not UTF-8 give some unit or other, never a fault.
std::u16string to_utf16(std::string_view text);
/// Java's String.hashCode over the UTF-16 form of UTF-8 `text`.
int32_t java_hash(std::string_view text);
/// The order in which a java.util.HashMap gives back these keys, put in one after the other: their indices; of a key
/// that comes twice the first. `capacity` is the map's table, a power of two that a map which is used again keeps; it
/// grows here as Java's does.
std::vector<size_t> java_hash_order(const std::vector<std::string>& keys, size_t& capacity);
std::vector<size_t> java_hash_order(const std::vector<std::string>& keys);
/// A random UUID whose first 48 bits are the time in milliseconds (RFC 9562, version 7).
std::string uuid_v7();
/// Number of edits between two words, to find what a misspelt name meant.
size_t edit_distance(std::string_view a, std::string_view b);
bool is_utf8(std::string_view bytes);

}  // namespace millrace
