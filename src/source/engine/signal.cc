#include "source/engine/signal.h"

#include "base/json.h"
#include "base/text.h"

namespace millrace::engine {

std::optional<Signal> parse_signal(std::string_view text, std::string& problem) {
    const auto json = parse_json(text, &problem);
    if (!json) return std::nullopt;
    if (!json->is_object()) {
        problem = "an object with id, type and data is expected";
        return std::nullopt;
    }
    Signal signal;
    for (const auto& [name, member] : {std::pair{"id", &signal.id}, std::pair{"type", &signal.type}}) {
        const auto found = json->find(name);
        if (member == &signal.id && (found == json->end() || found->is_null())) {
            signal.id = uuid_v7();  // notifications need one
            continue;
        }
        if (found == json->end() || !found->is_string()) {
            problem = format("the field {} is missing or no text", name);
            return std::nullopt;
        }
        *member = found->get<std::string>();
    }
    const auto data = json->find("data");
    if (data != json->end() && !data->is_null())
        signal.data = data->is_string() ? data->get<std::string>() : to_text(*data);
    return signal;
}

}  // namespace millrace::engine
