#include "base/json.h"

namespace millrace {

std::optional<Json> parse_json(std::string_view text, std::string* error) {
    try {
        return Json::parse(text);
    } catch (const Json::exception& fault) {
        if (error != nullptr) *error = fault.what();
        return std::nullopt;
    }
}

std::string to_text(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace millrace
