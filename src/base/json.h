#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

/// JSON as a document, for configuration, REST and internal topics (keys keep their order). Events are written
/// with base/json_text.h instead. Include this in .cc files; headers forward-declare through base/json_fwd.h.
namespace millrace {

using Json = nlohmann::ordered_json;

/// Nothing if `text` is not JSON; `error`, if given, then says why and where.
std::optional<Json> parse_json(std::string_view text, std::string* error = nullptr);

/// Compact text, UTF-8 kept as it is.
std::string to_text(const Json& json);

}  // namespace millrace
