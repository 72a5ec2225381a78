#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "source/engine/finding.h"

namespace millrace::postgres {

/// Examines the server that a connector is to read: whether it can be reached, wal_level, the user's rights, the slot
/// and how much log it keeps, the publication, the captured tables and their replica identities, and whether the slot
/// still reaches back to `offset` (the stored offset's JSON; empty: none).
std::vector<engine::Finding> diagnose(const config::Settings& settings, const std::string& offset);

}  // namespace millrace::postgres
