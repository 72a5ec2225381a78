#pragma once

#include <optional>
#include <string>

#include "relational/table.h"
#include "source/postgres/value_form.h"

namespace millrace::postgres {

/// The JSON of a column's default, if its expression is one that Debezium reads: a literal, or a function, of which a
/// placeholder stands for the values that it makes.
std::optional<std::string> default_json(const relational::Column& column, const PgType& type, const ValueForm& form);

}  // namespace millrace::postgres
