#include "relational/table.h"

#include "base/text.h"

namespace millrace::relational {

std::optional<TableId> TableId::from_quoted(std::string_view text) {
    const size_t middle = text.find("\".\"");
    if (middle == std::string_view::npos || text.size() < middle + 4 || text.front() != '"' || text.back() != '"')
        return std::nullopt;
    return TableId{std::string(text.substr(1, middle - 1)),
                   std::string(text.substr(middle + 3, text.size() - middle - 4))};
}

std::optional<size_t> Table::position(std::string_view name) const {
    for (size_t i = 0; i < columns.size(); ++i)
        if (iequals(columns[i].name, name)) return i;
    return std::nullopt;
}

const Column* Table::find(std::string_view name) const {
    const auto at = position(name);
    return at ? &columns[*at] : nullptr;
}

}  // namespace millrace::relational
