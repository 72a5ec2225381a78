#include "transform/plugins.h"

#include <dlfcn.h>
#include <millrace/plugin.h>

#include <algorithm>
#include <deque>
#include <filesystem>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "transform/options.h"
#include "transform/plugin_transform.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
    throw ConfigError("plugin.path", format("The 'plugin.path' value is invalid: {}: {}", path.string(), what));
}

config::PropertyTable options_of(const millrace_transform& transform) {
    std::vector<Property> options;
    for (size_t i = 0; i < transform.option_count; ++i) {
        const millrace_option& option = transform.options[i];
        Property property;
        property.name = property.display_name = option.name;
        property.default_value = option.default_value;
        property.required = option.is_required != 0;
        property.importance = property.required ? Importance::High : Importance::Medium;
        property.documentation = option.documentation == nullptr ? "" : option.documentation;
        options.push_back(property);
    }
    return {std::move(options), config::Words::Kafka};
}

void add(const fs::path& path, const millrace_library& library, const millrace_transform& transform) {
    if (transform.class_name == nullptr || transform.create == nullptr || transform.apply == nullptr ||
        transform.destroy == nullptr)
        refuse(path, "one of its transforms lacks its name or a function");
    for (const auto* known : transform_types())
        if (known->class_name == transform.class_name)
            refuse(path, format("there is a transform {} already", transform.class_name));
    // Their tables and types live as long as the program, as the libraries do.
    static std::deque<config::PropertyTable> tables;
    static std::deque<TransformType> types;
    const auto* table = &tables.emplace_back(options_of(transform));
    add_transform_type(types.emplace_back(
        TransformType{transform.class_name, [table]() -> const config::PropertyTable& { return *table; },
                      [&transform](const config::Settings& settings) { return make_plugin(transform, settings); }}));
    log::info("plugin", format("{} is of {}, version {}", transform.class_name, path.string(),
                               library.version == nullptr ? "unknown" : library.version));
}

/// One that is not `is_named` but found in a folder may be none of ours.
void load(const fs::path& path, bool is_named) {
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const std::string trouble = dlerror();
        if (is_named) refuse(path, trouble);
        log::warn("plugin", format("{} of plugin.path cannot be loaded: {}", path.string(), trouble));
        return;
    }
    using Function = const millrace_library* (*)();
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what dlsym(3) is for
    const auto function = reinterpret_cast<Function>(dlsym(library, "millrace_plugin"));
    if (function == nullptr) {
        if (is_named) refuse(path, "it has no function millrace_plugin; see include/millrace/plugin.h");
        dlclose(library);
        return;
    }
    const millrace_library* const found = function();
    if (found == nullptr) refuse(path, "millrace_plugin() gives nothing");
    if (found->abi != MILLRACE_PLUGIN_ABI)
        refuse(path, format("it was built for version {} of the interface, and this program has {}: build it anew with "
                            "this version's millrace/plugin.h",
                            found->abi, MILLRACE_PLUGIN_ABI));
    for (size_t i = 0; i < found->transform_count; ++i) add(path, *found, found->transforms[i]);
}

}  // namespace

void load_plugins(const std::vector<std::string>& paths) {
    for (const fs::path path : paths) {
        std::error_code trouble;
        if (fs::is_directory(path, trouble)) {
            std::vector<fs::path> libraries;
            for (const auto& entry : fs::directory_iterator(path, trouble))
                if (entry.path().extension() == ".so") libraries.push_back(entry.path());
            if (trouble) refuse(path, trouble.message());
            std::sort(libraries.begin(), libraries.end());
            for (const auto& library : libraries) load(library, false);
        } else if (path.extension() == ".so") {
            load(path, true);
        } else {
            log::warn("plugin", format("plugin.path names {}, which is neither a folder nor a library; there is no "
                                       "Java here",
                                       path.string()));
        }
    }
}

}  // namespace millrace::transform
