#include "source/engine/captured_lists.h"

#include <vector>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::engine {
namespace {

std::vector<std::string> list_names(const relational::Namespaces& namespaces) {
    return {format("{}.include.list", namespaces.word), format("{}.exclude.list", namespaces.word),
            "table.include.list", "table.exclude.list", "table.ignore.builtin"};
}

}  // namespace

std::string captured_lists(const config::Settings& settings, const relational::Namespaces& namespaces) {
    Json lists = Json::object();
    for (const auto& name : list_names(namespaces))
        if (const auto text = settings.find(name); text && !text->empty()) lists[name] = *text;
    return to_text(lists);
}

relational::Filters filters_of(const std::string& lists, const config::Settings& settings,
                               const relational::Namespaces& namespaces) {
    config::Settings former = settings;
    for (const auto& name : list_names(namespaces)) former.erase(name);
    const auto json = parse_json(lists);
    if (!json || !json->is_object())
        throw FatalError(format("The stored offset's list of captured tables, {}, cannot be read", lists));
    for (const auto& [name, text] : json->items()) former.set(name, text.is_string() ? text.get<std::string>() : "");
    return relational::Filters(former, namespaces);
}

bool reads_new_tables(const config::Settings& settings) {
    const std::string way = lower(settings.text("snapshot.new.tables", "parallel"));
    return way != "off" && way != "false";
}

}  // namespace millrace::engine
