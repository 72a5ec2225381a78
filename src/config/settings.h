#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::config {

/// A connector's or worker's configuration as given: names to texts. Typed reads throw ConfigError naming the
/// property; defaults come from the PropertyTable that `with_defaults` was made from.
class Settings {
  public:
    Settings() = default;
    explicit Settings(std::map<std::string, std::string> values) : values_(std::move(values)) {}

    const std::map<std::string, std::string>& values() const { return values_; }
    void set(const std::string& name, const std::string& value) { values_[name] = value; }
    void set_default(const std::string& name, const std::string& value) { values_.try_emplace(name, value); }
    void erase(const std::string& name) { values_.erase(name); }
    bool has(const std::string& name) const { return values_.contains(name); }
    /// Those whose names begin with `prefix`, without it.
    Settings below(const std::string& prefix) const;

    /// The trimmed text, or nothing if absent.
    std::optional<std::string> find(const std::string& name) const;
    std::string text(const std::string& name, std::string_view fallback = {}) const;
    int64_t integer(const std::string& name, int64_t fallback = 0) const;
    bool boolean(const std::string& name, bool fallback = false) const;
    std::vector<std::string> list(const std::string& name) const;

  private:
    std::map<std::string, std::string> values_;
};

/// Reads the format of java.util.Properties: comments, continuation lines, escapes, '=' ':' or blank between.
std::map<std::string, std::string> parse_properties(std::string_view text);

/// The file's text. Throws ConfigError when it cannot be read.
std::string read_file(const std::string& path);

}  // namespace millrace::config
