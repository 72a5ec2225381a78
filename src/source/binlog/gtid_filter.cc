#include "source/binlog/gtid_filter.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::binlog {

GtidFilter::GtidFilter(const config::Settings& settings)
    : includes_("gtid.source.includes", settings.text("gtid.source.includes")),
      excludes_("gtid.source.excludes", settings.text("gtid.source.excludes")),
      filters_changes_(settings.boolean("gtid.source.filter.dml.events", true)) {}

Handling handling_of(const config::Settings& settings, const char* property) {
    const std::string mode = lower(settings.text(property, "fail"));
    if (mode == "fail") return Handling::Fail;
    if (mode == "warn") return Handling::Warn;
    if (mode == "skip" || mode == "ignore") return Handling::Skip;
    throw ConfigError(property,
                      format("The '{}' value is invalid: Value must be one of fail, warn, skip, ignore", property));
}

}  // namespace millrace::binlog
