#include "cli/reference_command.h"

#include <iostream>

#include "base/errors.h"
#include "base/text.h"
#include "cli/source_types.h"
#include "config/reference_page.h"

namespace millrace::cli {

int print_reference(const std::string& connector) {
    std::vector<std::string> names;
    for (const auto* type : source_types()) {
        names.push_back(lower(type->title));
        if (names.back() != connector) continue;
        std::cout << config::reference_page(format("Properties of the {} connector", type->title), *type->properties,
                                            format("millrace reference {}", connector));
        return 0;
    }
    throw ConfigError("connector", format("there is no connector '{}', only {}", connector, join(names, ", ")));
}

}  // namespace millrace::cli
