#include "worker/connector_types.h"

#include <algorithm>

#include "base/text.h"
#include "worker/request_error.h"

namespace millrace::worker {

std::string simple_name(std::string_view class_name) {
    return std::string(class_name.substr(class_name.rfind('.') + 1));
}

const engine::SourceType* ConnectorTypes::find(const std::string& class_name) const {
    for (const auto* type : types_) {
        const std::string simple = simple_name(type->class_name);
        if (class_name == type->class_name || class_name == simple || class_name + "Connector" == simple) return type;
    }
    return nullptr;
}

const engine::SourceType& ConnectorTypes::of(const std::map<std::string, std::string>& config) const {
    const auto found = config.find("connector.class");
    if (found == config.end() || found->second.empty()) {
        std::string text = "{";
        for (const auto& [name, value] : config) text += format("{}{}={}", text.size() > 1 ? ", " : "", name, value);
        throw RequestError(400, format("Connector config {}}} contains no connector type", text));
    }
    if (const auto* type = find(found->second)) return *type;
    std::vector<const engine::SourceType*> sorted = types_;
    std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->class_name < b->class_name; });
    std::vector<std::string> available;
    for (const auto* type : sorted)
        available.push_back(
            format("PluginDesc{{klass=class {0}, name='{0}', version='{1}', encodedVersion={1}, type=source, "
                   "typeName='source', location='classpath'}}",
                   type->class_name, type->version));
    throw RequestError(400, format("Failed to find any class that implements Connector and which name matches {}, "
                                   "available connectors are: {}",
                                   found->second, join(available, ", ")));
}

}  // namespace millrace::worker
