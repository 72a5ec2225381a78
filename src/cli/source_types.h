#pragma once

#include <vector>

#include "source/engine/source.h"

namespace millrace::cli {

/// The connector classes that this program has.
const std::vector<const engine::SourceType*>& source_types();

}  // namespace millrace::cli
