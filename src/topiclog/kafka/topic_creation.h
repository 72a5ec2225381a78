#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "topiclog/kafka/admin.h"

namespace millrace::topiclog::kafka {

/// Data topics: created as a connector's `topic.creation.*` says (KIP-158), or left to the broker. Safe from any
/// thread.
class TopicCreation {
  public:
    using Rules = std::map<std::string, std::string>;  ///< `topic.creation.*` as configured.

    /// `is_enabled`: the worker's topic.creation.enable. `admin` outlives this.
    TopicCreation(Admin& admin, bool is_enabled) : admin_(admin), is_enabled_(is_enabled) {}

    /// Throws one FatalError that lists the topics that cannot be had, with what to do; a RetriableError if it is for
    /// lack of permissions alone. Creates nothing.
    void check(const std::vector<std::string>& names, const Rules& rules);
    /// Creates what is missing. Throws likewise.
    void ensure(const std::vector<std::string>& names, const Rules& rules);
    /// To be called when a topic turned out to be gone.
    void forget();

    /// What `rules` say of a topic; nothing if creation is the broker's. Throws ConfigError.
    static std::optional<Admin::NewTopicSpec> spec_for(const std::string& name, const Rules& rules);

  private:
    std::vector<std::string> missing_of(const std::vector<std::string>& names);
    bool broker_creates();

    Admin& admin_;
    const bool is_enabled_;
    std::mutex mutex_;
    std::set<std::string> known_;
};

}  // namespace millrace::topiclog::kafka
