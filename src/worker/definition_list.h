#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/property_table.h"
#include "config/settings.h"

namespace millrace::worker {

/// Definitions and values of properties in Kafka Connect's JSON (ConfigInfos), for one configuration.
///
/// Of Debezium's own properties the values are not shown, as by Debezium. `derived` defaults stand where a table cannot
/// know them: versions of plugins.
class DefinitionList {
  public:
    DefinitionList(config::Settings settings, const std::vector<config::Problem>& problems,
                   std::map<std::string, std::string> derived);

    /// The listed properties of a table, their names behind `prefix`.
    void add(const config::PropertyTable& table, const std::string& prefix = {});

    /// The answer of PUT …/config/validate.
    Json validation(std::string_view class_name) const;
    /// The answer of GET …/config.
    Json definitions() const;

  private:
    void add(const config::PropertyTable& table, const config::Property& property, const std::string& prefix,
             int order);
    Json value(const config::PropertyTable& table, const config::Property& property, const std::string& name) const;

    config::Settings settings_;
    std::map<std::string, std::vector<std::string>> errors_;
    size_t error_count_ = 0;
    std::map<std::string, std::string> derived_;
    std::vector<std::string> groups_;
    Json configs_ = Json::array();
};

}  // namespace millrace::worker
