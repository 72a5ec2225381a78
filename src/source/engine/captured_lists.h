#pragma once

#include <string>

#include "config/settings.h"
#include "relational/filters.h"

namespace millrace::engine {

/// The lists that choose the captured tables (table.include.list …), as an offset carries them: a start that finds
/// others than its own in there looks for tables that are captured anew (`snapshot.new.tables`).
std::string captured_lists(const config::Settings& settings, const relational::Namespaces& namespaces);

/// What such lists choose; all else is as in `settings`. Throws FatalError if they cannot be read.
relational::Filters filters_of(const std::string& lists, const config::Settings& settings,
                               const relational::Namespaces& namespaces);

/// snapshot.new.tables: are the rows of tables that are captured anew read?
bool reads_new_tables(const config::Settings& settings);

}  // namespace millrace::engine
