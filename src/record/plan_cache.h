#pragma once

#include <memory>
#include <unordered_map>
#include <utility>

#include "record/schema.h"

namespace millrace::record {

/// What is worked out once for each schema that comes by. Schemas are known by their address, and held.
template <typename Plan>
class PlanCache {
  public:
    /// The plan for `schema`, made by `make(schema)` at first.
    template <typename Make>
    Plan& get(const SchemaPtr& schema, Make&& make) {
        if (last_ != nullptr && last_->schema == schema) return last_->plan;
        auto found = known_.find(schema.get());
        if (found == known_.end()) {
            if (known_.size() >= kMost) {
                known_.clear();
                last_ = nullptr;
            }
            found = known_.emplace(schema.get(), std::make_unique<Known>(Known{schema, make(schema)})).first;
        }
        last_ = found->second.get();
        return last_->plan;
    }

  private:
    struct Known {
        SchemaPtr schema;
        Plan plan;
    };
    static constexpr size_t kMost = 10'000;
    std::unordered_map<const Schema*, std::unique_ptr<Known>> known_;
    Known* last_ = nullptr;
};

}  // namespace millrace::record
