#pragma once

#include <string>

namespace millrace::cli {

/// Prints the reference page of a connector ("mysql"), in Markdown, from its property table. Throws ConfigError where
/// there is no such connector.
int print_reference(const std::string& connector);

}  // namespace millrace::cli
