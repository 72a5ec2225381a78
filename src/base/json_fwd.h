#pragma once

#include <nlohmann/json_fwd.hpp>

namespace millrace {
using Json = nlohmann::ordered_json;
}
