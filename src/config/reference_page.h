#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/property_table.h"

namespace millrace::config {

/// The rows of a table in Markdown, with their head; of properties whose group is `group`, or of all.
std::string reference_rows(const PropertyTable& table, std::optional<std::string_view> group = {});

/// A component's properties as a page in Markdown, in the order of the table, a section for each group. `tool` is the
/// command that makes the page, named at its head.
std::string reference_page(std::string_view title, const PropertyTable& table, std::string_view tool);

}  // namespace millrace::config
