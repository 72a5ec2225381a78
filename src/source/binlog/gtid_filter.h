#pragma once

#include <string>

#include "config/settings.h"
#include "relational/filters.h"

namespace millrace::binlog {

/// gtid.source.includes and excludes: the servers whose transactions count, by UUID (MySQL) or DOMAIN-SERVER (MariaDB).
/// Changes of other servers give no events (gtid.source.filter.dml.events), and a log that lacks them is no loss.
class GtidFilter {
  public:
    GtidFilter() = default;
    /// Throws ConfigError.
    explicit GtidFilter(const config::Settings& settings);

    bool includes(const std::string& source) const {
        return (includes_.empty() || includes_.match(source)) && !excludes_.match(source);
    }
    bool is_active() const { return !includes_.empty() || !excludes_.empty(); }
    bool filters_changes() const { return filters_changes_ && is_active(); }

  private:
    relational::NamePatterns includes_, excludes_;
    bool filters_changes_ = true;
};

/// What becomes of what cannot be understood: *.handling.mode.
enum class Handling { Fail, Warn, Skip };
/// Throws ConfigError naming the property.
Handling handling_of(const config::Settings& settings, const char* property);

}  // namespace millrace::binlog
