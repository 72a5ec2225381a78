#pragma once

#include <optional>
#include <string>

#include "config/settings.h"
#include "relational/filters.h"
#include "source/binlog/column_treatment.h"

namespace millrace::binlog {

/// Debezium's ZeroDateFallbackConverter (3.6): zero dates and NULL become null, or a literal that the configuration
/// gives by type or by column. The form of values is the converter's own, whatever time.precision.mode says: days,
/// milliseconds (DATETIME with up to three digits), microseconds, ISO 8601 text in UTC. Immutable.
class ZeroDateFallback {
  public:
    /// `name` of the converter, which its properties begin with. Throws ConfigError naming the property.
    ZeroDateFallback(const std::string& name, const config::Settings& settings);

    /// Nothing if the column is none of its own. `full_name`: DATABASE.TABLE.COLUMN. Throws ConfigError.
    std::optional<ColumnConversion> find(const std::string& full_name, const relational::Column& column) const;

  private:
    const std::string name_;
    const config::Settings settings_;
    relational::NamePatterns selector_;
    bool dates_ = false, date_times_ = false, timestamps_ = false;
};

}  // namespace millrace::binlog
