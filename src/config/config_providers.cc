#include "config/config_providers.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <stdexcept>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::config {
namespace {

/// Refuses paths outside `allowed.paths`, if that is given.
void check_path(const std::vector<std::string>& allowed, const std::string& path) {
    if (allowed.empty()) return;
    const auto wanted = std::filesystem::weakly_canonical(path).string();
    for (const auto& root : allowed) {
        const auto base = std::filesystem::weakly_canonical(root).string();
        if (wanted == base || wanted.starts_with(base + "/")) return;
    }
    throw std::runtime_error(format("the path {} is not in allowed.paths", path));
}

std::string from_file(const std::vector<std::string>& allowed, const std::string& path, const std::string& key) {
    check_path(allowed, path);
    const auto values = parse_properties(read_file(path));
    const auto found = values.find(key);
    if (found == values.end()) throw std::runtime_error(format("the file {} has no key {}", path, key));
    return found->second;
}

std::string from_directory(const std::vector<std::string>& allowed, const std::string& path, const std::string& key) {
    const std::string file = path + "/" + key;
    if (key.find('/') != std::string::npos) throw std::runtime_error(format("{} is no file name", key));
    check_path(allowed, file);
    return read_file(file);
}

std::string from_environment(const std::string& pattern, const std::string& key) {
    const char* value = std::getenv(key.c_str());
    if (value == nullptr || (!pattern.empty() && !std::regex_match(key, std::regex(pattern))))
        throw std::runtime_error(format("the environment has no {}, or it is not allowed", key));
    return value;
}

}  // namespace

ConfigProviders ConfigProviders::from(const Settings& worker) {
    ConfigProviders providers;
    for (const auto& name : worker.list("config.providers")) {
        const std::string prefix = "config.providers." + name;
        const std::string class_name = worker.text(prefix + ".class");
        const auto allowed = worker.list(prefix + ".param.allowed.paths");
        if (class_name.ends_with("FileConfigProvider")) {
            providers.providers_[name] = [allowed](const std::string& path, const std::string& key) {
                return from_file(allowed, path, key);
            };
        } else if (class_name.ends_with("DirectoryConfigProvider")) {
            providers.providers_[name] = [allowed](const std::string& path, const std::string& key) {
                return from_directory(allowed, path, key);
            };
        } else if (class_name.ends_with("EnvVarConfigProvider")) {
            const std::string pattern = worker.text(prefix + ".param.allowlist.pattern");
            providers.providers_[name] = [pattern](const std::string&, const std::string& key) {
                return from_environment(pattern, key);
            };
        } else {
            throw ConfigError(prefix + ".class",
                              format("The '{}.class' value is invalid: {} is not known here; FileConfigProvider, "
                                     "DirectoryConfigProvider and EnvVarConfigProvider are",
                                     prefix, class_name.empty() ? "an empty class" : class_name));
        }
    }
    return providers;
}

std::string ConfigProviders::resolve(const std::string& property, const std::string& text) const {
    // ${PROVIDER:[PATH:]KEY}, as org.apache.kafka.common.config.ConfigTransformer reads it.
    static const std::regex reference(R"(\$\{([^}]*?):(([^}]*?):)?([^}]*?)\})");
    std::string out;
    auto rest = text.cbegin();
    for (std::sregex_iterator at(text.begin(), text.end(), reference), end; at != end; ++at) {
        const auto& match = *at;
        out.append(rest, match[0].first);
        rest = match[0].second;
        const auto provider = providers_.find(match[1].str());
        if (provider == providers_.end()) {
            out += match[0].str();
            continue;
        }
        try {
            out += provider->second(match[3].str(), match[4].str());
        } catch (const std::exception& fault) {
            throw ConfigError(property, format("The value of '{}' refers to {}, which cannot be had: {}", property,
                                               match[0].str(), fault.what()));
        }
    }
    out.append(rest, text.cend());
    return out;
}

std::map<std::string, std::string> ConfigProviders::resolve(const std::map<std::string, std::string>& config) const {
    if (providers_.empty()) return config;
    std::map<std::string, std::string> resolved;
    for (const auto& [name, value] : config)
        resolved[name] = value.find("${") == std::string::npos ? value : resolve(name, value);
    return resolved;
}

}  // namespace millrace::config
