#include "worker/definition_list.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace millrace::worker {
namespace {

Json definition(const config::PropertyTable& table, const config::Property& property, const std::string& name,
                const Json& default_value, int order) {
    Json json;
    json["name"] = name;
    json["type"] = config::name_of(property.type);
    json["required"] =
        property.required && table.words() == config::Words::Kafka;  // Debezium says so when it is missing
    json["default_value"] = default_value;
    json["importance"] = config::name_of(property.importance);
    json["documentation"] = property.documentation;
    json["group"] = property.group.empty() ? Json(nullptr) : Json(property.group);
    json["width"] = config::name_of(property.width);
    json["display_name"] = property.display_name;
    json["dependents"] = split_list(property.dependents);
    json["order"] = order;
    return json;
}

/// As Kafka prints a parsed value; null if it cannot be one.
Json parsed(const config::Property& property, const std::string& given) {
    const std::string text(trimmed(given));
    switch (property.type) {
        case config::Type::Boolean:
            return config::has_type(property.type, text) ? Json(lower(text)) : Json(nullptr);
        case config::Type::Int:
        case config::Type::Short:
        case config::Type::Long:
            return config::has_type(property.type, text) ? Json(std::to_string(*parse_int(text))) : Json(nullptr);
        case config::Type::Password:
            return "[hidden]";
        default:
            return text;
    }
}

}  // namespace

DefinitionList::DefinitionList(config::Settings settings, const std::vector<config::Problem>& problems,
                               std::map<std::string, std::string> derived)
    : settings_(std::move(settings)), error_count_(problems.size()), derived_(std::move(derived)) {
    for (const auto& problem : problems) errors_[problem.property].push_back(problem.message);
}

void DefinitionList::add(const config::PropertyTable& table, const std::string& prefix) {
    std::map<std::string_view, int> last;
    for (const auto& property : table.properties()) {
        const bool is_wrong = errors_.contains(prefix + std::string(property.name));
        if (property.display_name.empty() && !is_wrong) continue;
        const int order = property.order != 0 || !prefix.empty() ? property.order : ++last[property.group];
        add(table, property, prefix, order);
    }
}

void DefinitionList::add(const config::PropertyTable& table, const config::Property& property,
                         const std::string& prefix, int order) {
    const std::string group(property.group);
    if (!group.empty() && std::find(groups_.begin(), groups_.end(), group) == groups_.end()) groups_.push_back(group);
    const std::string name = prefix + std::string(property.name);
    const auto derived = derived_.find(name);
    Json default_value = property.default_value != nullptr ? Json(property.default_value) : Json(nullptr);
    if (derived != derived_.end()) default_value = derived->second;
    configs_.push_back({{"definition", definition(table, property, name, default_value, order)},
                        {"value", value(table, property, name)}});
}

Json DefinitionList::value(const config::PropertyTable& table, const config::Property& property,
                           const std::string& name) const {
    Json json;
    json["name"] = name;
    json["value"] = nullptr;
    const auto given = settings_.values().find(name);
    const auto derived = derived_.find(name);
    const auto errors = errors_.find(name);
    if (table.words() == config::Words::Kafka) {
        if (given != settings_.values().end())
            json["value"] = property.type == config::Type::Class && errors != errors_.end()
                                ? Json(nullptr)
                                : parsed(property, given->second);
        else if (derived != derived_.end())
            json["value"] = derived->second;
        else if (property.default_value != nullptr)
            json["value"] = property.default_value;
    }
    json["recommended_values"] = recommended_values(property, table.words());
    if (name.ends_with(".plugin.version") && derived != derived_.end()) json["recommended_values"] = {derived->second};
    json["errors"] = errors == errors_.end() ? Json::array() : Json(errors->second);
    json["visible"] = property.visible;
    return json;
}

Json DefinitionList::validation(std::string_view class_name) const {
    Json json;
    json["name"] = class_name;
    json["error_count"] = error_count_;
    json["groups"] = groups_;
    json["configs"] = configs_;
    return json;
}

Json DefinitionList::definitions() const {
    Json all = Json::array();
    for (const auto& config : configs_) all.push_back(config["definition"]);
    return all;
}

}  // namespace millrace::worker
