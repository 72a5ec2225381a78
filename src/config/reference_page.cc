#include "config/reference_page.h"

#include <algorithm>

#include "base/text.h"

namespace millrace::config {
namespace {

std::vector<std::string_view> groups_of(const PropertyTable& table) {
    std::vector<std::string_view> groups;
    for (const auto& property : table.properties())
        if (std::find(groups.begin(), groups.end(), property.group) == groups.end()) groups.push_back(property.group);
    return groups;
}

/// Text that Markdown would take for the end of a cell.
std::string cell(std::string_view text) {
    return replace_all(std::string(text), "|", "\\|");
}

std::string code(std::string_view text) {
    return text.empty() ? std::string() : format("`{}`", cell(text));
}

std::string default_of(const Property& property) {
    if (property.required) return "**required**";
    const char* value = property.effective_default ? property.effective_default : property.default_value;
    return value ? code(value) : "";
}

std::string values_of(const Property& property) {
    if (property.allowed.empty()) return lower(std::string(name_of(property.type)));
    std::vector<std::string> values;
    for (const auto& value : split_list(property.built.empty() ? property.allowed : property.built))
        values.push_back(code(value));
    return join(values, " ");
}

std::string meaning_of(const Property& property) {
    const std::string text = cell(property.documentation);
    switch (property.support) {
        case Support::Works:
            return text;
        case Support::NoEffect:
            return "Accepted, without effect. " + text;
        case Support::Refused:
            return "Refused unless it is the default. " + text;
    }
    return text;
}

}  // namespace

std::string reference_rows(const PropertyTable& table, std::optional<std::string_view> group) {
    std::string rows = "| Property | Values | Default | Meaning |\n|---|---|---|---|\n";
    for (const auto& property : table.properties())
        if (!group || property.group == *group)
            rows += format("| {} | {} | {} | {} |\n", code(property.name), values_of(property), default_of(property),
                           meaning_of(property));
    return rows;
}

std::string reference_page(std::string_view title, const PropertyTable& table, std::string_view tool) {
    std::string page = format("# {}\n\nMade by `{}` from the tables that the program itself checks by.\n", title, tool);
    for (const auto group : groups_of(table))
        page += format("\n## {}\n\n{}", group.empty() ? "Further" : group, reference_rows(table, group));
    return page;
}

}  // namespace millrace::config
