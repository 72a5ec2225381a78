#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/property_table.h"
#include "config/settings.h"
#include "transform/transform.h"

namespace millrace::transform {

/// A connector's `transforms` and `predicates`, ready to run. Used by one thread.
class Chain {
  public:
    /// From a connector's settings. Throws ConfigError that names the property.
    static Chain of(const config::Settings& settings);

    bool empty() const { return links_.empty(); }
    /// All Parts that its transforms and predicates need.
    unsigned parts() const;
    /// Runs the record through. False: it is dropped. Throws FatalError that names the transform.
    bool apply(record::Record& record, record::Arena& arena) const;

  private:
    struct Link {
        std::string name;
        std::string type;
        std::unique_ptr<Transform> transform;
        std::shared_ptr<Predicate> predicate;  ///< May be missing.
        bool negate = false;
    };
    std::vector<Link> links_;
};

/// What is wrong with a connector's transforms and predicates, by property.
std::vector<config::Problem> chain_problems(const config::Settings& settings);

/// The options that a configuration's transforms and predicates have, by the prefix that its names begin with:
/// "transforms.unwrap." and its class's table.
struct OptionGroup {
    std::string prefix;
    const config::PropertyTable* properties;
};
std::vector<OptionGroup> option_groups(const config::Settings& settings);

/// The options that every transform has beside its class's own: type, predicate, negate.
const config::PropertyTable& transform_properties();

}  // namespace millrace::transform
