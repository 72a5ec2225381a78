#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "source/engine/source.h"

namespace millrace::worker {

std::string simple_name(std::string_view class_name);

/// The connector classes that this program has.
class ConnectorTypes {
  public:
    explicit ConnectorTypes(std::vector<const engine::SourceType*> types) : types_(std::move(types)) {}

    /// The class that `connector.class` names: by its full name, its simple name, or that without "Connector". Throws
    /// RequestError 400 in Kafka Connect's words.
    const engine::SourceType& of(const std::map<std::string, std::string>& config) const;
    const engine::SourceType* find(const std::string& class_name) const;
    const std::vector<const engine::SourceType*>& all() const { return types_; }

  private:
    std::vector<const engine::SourceType*> types_;
};

}  // namespace millrace::worker
