#include "config/settings.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::config {
namespace {

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | code >> 6);
        out += static_cast<char>(0x80 | (code & 63));
    } else {
        out += static_cast<char>(0xE0 | code >> 12);
        out += static_cast<char>(0x80 | (code >> 6 & 63));
        out += static_cast<char>(0x80 | (code & 63));
    }
}

std::string unescaped(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        if (c == 't')
            out += '\t';
        else if (c == 'n')
            out += '\n';
        else if (c == 'r')
            out += '\r';
        else if (c == 'f')
            out += '\f';
        else if (c == 'u' && i + 4 < text.size()) {
            append_utf8(out,
                        static_cast<unsigned>(std::strtoul(std::string(text.substr(i + 1, 4)).c_str(), nullptr, 16)));
            i += 4;
        } else {
            out += c;
        }
    }
    return out;
}

/// Lines with their continuations joined, comments and empty lines left out.
std::vector<std::string> logical_lines(std::string_view text) {
    std::vector<std::string> lines;
    std::string current;
    bool continued = false;
    for (const auto& raw : split(text, '\n')) {
        std::string_view line = raw;
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        const size_t first = line.find_first_not_of(" \t\f");
        line = first == std::string_view::npos ? std::string_view{} : line.substr(first);
        if (!continued && (line.empty() || line[0] == '#' || line[0] == '!')) continue;
        size_t slashes = 0;
        while (slashes < line.size() && line[line.size() - 1 - slashes] == '\\') ++slashes;
        continued = slashes % 2 == 1;
        current += continued ? line.substr(0, line.size() - 1) : line;
        if (!continued) lines.push_back(std::exchange(current, {}));
    }
    if (!current.empty()) lines.push_back(current);
    return lines;
}

}  // namespace

Settings Settings::below(const std::string& prefix) const {
    Settings own;
    for (auto at = values_.lower_bound(prefix); at != values_.end() && at->first.starts_with(prefix); ++at)
        own.values_.emplace(at->first.substr(prefix.size()), at->second);
    return own;
}

std::optional<std::string> Settings::find(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    return std::string(trimmed(found->second));
}

std::string Settings::text(const std::string& name, std::string_view fallback) const {
    return find(name).value_or(std::string(fallback));
}

int64_t Settings::integer(const std::string& name, int64_t fallback) const {
    const auto found = find(name);
    if (!found) return fallback;
    const auto value = parse_int(*found);
    if (!value) throw ConfigError(name, format("Invalid value {} for configuration {}: Not a number", *found, name));
    return *value;
}

bool Settings::boolean(const std::string& name, bool fallback) const {
    const auto found = find(name);
    if (!found) return fallback;
    if (iequals(*found, "true")) return true;
    if (iequals(*found, "false")) return false;
    throw ConfigError(
        name, format("Invalid value {} for configuration {}: Expected value to be either true or false", *found, name));
}

std::vector<std::string> Settings::list(const std::string& name) const {
    return split_list(text(name));
}

std::map<std::string, std::string> parse_properties(std::string_view text) {
    std::map<std::string, std::string> values;
    for (const auto& line : logical_lines(text)) {
        size_t end = 0;
        while (end < line.size() && !std::strchr("=: \t\f", line[end])) end += line[end] == '\\' ? 2 : 1;
        end = std::min(end, line.size());
        size_t start = end;
        bool separator_seen = false;
        while (start < line.size() && std::strchr("=: \t\f", line[start])) {
            const bool is_separator = line[start] == '=' || line[start] == ':';
            if (is_separator && separator_seen) break;
            separator_seen |= is_separator;
            ++start;
        }
        values[unescaped(std::string_view(line).substr(0, end))] = unescaped(std::string_view(line).substr(start));
    }
    return values;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw ConfigError("", format("Cannot read {}: {}", path, std::strerror(errno)));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace millrace::config
