#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/regex.h"
#include "transform/transform.h"

namespace millrace::transform {

/// org.apache.kafka.connect.transforms.RegexRouter: another topic for those whose name matches. What a name becomes is
/// worked out once.
class RegexRouter : public Transform {
  public:
    explicit RegexRouter(const config::Settings& settings);
    RegexRouter(Regex regex, std::string replacement);
    bool apply(record::Record& record, record::Arena& arena) override;
    unsigned parts() const override { return kTopic; }
    /// The topic instead; nothing: it does not match.
    const std::optional<std::string>& replaced(std::string_view topic);

  private:
    static constexpr size_t kTopicsMax = 10'000;
    const Regex regex_;
    const std::string replacement_;
    std::map<std::string, std::optional<std::string>, std::less<>> known_;
};

}  // namespace millrace::transform
