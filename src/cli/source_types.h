#pragma once

#include <vector>

#include "source/engine/source.h"

namespace millrace::cli {

/// The connector classes that this program has.
const std::vector<const engine::SourceType*>& source_types();

/// Makes the transforms known that come with a connector. Once, before other threads look.
void add_source_transforms();

}  // namespace millrace::cli
