#include "cli/reference_command.h"

#include <iostream>

#include "base/errors.h"
#include "base/text.h"
#include "cli/source_types.h"
#include "config/reference_page.h"
#include "transform/chain.h"
#include "transform/transform_types.h"
#include "worker/converters.h"

namespace millrace::cli {
namespace {

template <typename Types>
void print_classes(const Types& types) {
    std::string last;
    for (const auto* type : types) {
        // $Key and $Value have the same options.
        const std::string name(type->class_name);
        const std::string base = name.substr(0, name.find('$'));
        if (base == last) continue;
        last = base;
        std::cout << format("\n### {}{}\n\n", base, base == name ? "" : "$Key, $Value");
        const auto& options = type->properties();
        std::cout << (options.properties().empty() ? "No options.\n" : config::reference_rows(options));
    }
}

void print_transforms() {
    std::cout << "# Transforms, predicates and converters\n\nMade by `millrace reference transforms` from the tables "
                 "that the "
                 "program itself "
                 "checks by. The recorded cases are in tests/transforms.\n\n## Every transform\n\n"
              << config::reference_rows(transform::transform_properties()) << "\n## Transforms\n";
    print_classes(transform::transform_types());
    std::cout << "\n## Predicates\n";
    print_classes(transform::predicate_types());
    std::cout << "\n## Converters\n\nOptions stand behind key.converter., value.converter. or header.converter.\n";
    for (const auto name : worker::converter_classes())
        std::cout << format("\n### {}\n\n{}", name,
                            config::reference_rows(worker::converter_properties(std::string(name))));
}

}  // namespace

int print_reference(const std::string& connector) {
    std::vector<std::string> names = {"transforms"};
    if (connector == names[0]) {
        print_transforms();
        return 0;
    }
    for (const auto* type : source_types()) {
        names.push_back(lower(type->title));
        if (names.back() != connector) continue;
        std::cout << config::reference_page(format("Properties of the {} connector", type->title), *type->properties,
                                            format("millrace reference {}", connector));
        return 0;
    }
    throw ConfigError("connector", format("there is no page '{}', only {}", connector, join(names, ", ")));
}

}  // namespace millrace::cli
