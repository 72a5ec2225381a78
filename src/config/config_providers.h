#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/settings.h"

namespace millrace::config {

/// Where values like ${file:/path:key} in configurations come from (`config.providers`): Kafka's FileConfigProvider,
/// EnvVarConfigProvider and DirectoryConfigProvider, under the names that the worker gives them. Values are looked up
/// each time; they are never stored. Immutable; safe from any thread.
class ConfigProviders {
  public:
    ConfigProviders() = default;
    /// Throws ConfigError for classes that are not known.
    static ConfigProviders from(const Settings& worker);

    /// The configuration with every reference to a known provider replaced by its value. Throws ConfigError naming the
    /// property if a value cannot be had.
    std::map<std::string, std::string> resolve(const std::map<std::string, std::string>& config) const;

  private:
    using Lookup = std::function<std::string(const std::string& path, const std::string& key)>;
    std::string resolve(const std::string& property, const std::string& text) const;

    std::map<std::string, Lookup> providers_;
};

}  // namespace millrace::config
