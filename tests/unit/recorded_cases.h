#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "base/json.h"

namespace millrace {

/// A file of tests/transforms.
inline Json recorded(const char* name) {
    std::ifstream file(std::string(MILLRACE_TRANSFORM_CASES) + "/" + name);
    std::stringstream text;
    text << file.rdbuf();
    auto json = parse_json(text.str());
    if (!json) throw std::runtime_error(std::string(name) + " is not there, or no JSON");
    return *std::move(json);
}

}  // namespace millrace
