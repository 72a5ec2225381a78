#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/worker_address.h"

namespace millrace::cli {

/// Topics as the command line sees them: through a worker's HTTP address, or in a store's directory directly.
class TopicStore {
  public:
    virtual ~TopicStore() = default;
    /// The JSON array of {"name","partitions","records"}.
    virtual std::string list() = 0;
    /// Throws RequestError if there is no such topic.
    virtual std::string describe(const std::string& topic) = 0;
    virtual void remove(const std::string& topic) = 0;
    virtual void put(const std::string& topic, const std::string& key, const std::string& value) = 0;
    /// Export lines of records from these offsets on (by partition; missing ones begin at 0), waiting up to `wait_ms`
    /// for the first. Empty if there are none.
    virtual std::string records(const std::string& topic, const std::vector<int64_t>& from, int64_t wait_ms) = 0;

    /// Throws EnvironmentError or ConfigError.
    static std::unique_ptr<TopicStore> open(const WorkerAddress& worker, const std::string& directory);
};

}  // namespace millrace::cli
