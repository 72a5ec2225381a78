#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "convert/json_converter.h"
#include "events/notification.h"
#include "topiclog/append_batch.h"

namespace millrace::engine {

/// Tells what snapshots do on the channels of `notification.enabled.channels`: sink (the topic
/// notification.sink.topic.name) and log. Used by the source's thread, under the record queue's lock.
class Notifier {
  public:
    using Data = std::vector<std::pair<std::string, std::string>>;

    /// Throws ConfigError.
    Notifier(const config::Settings& settings, const convert::JsonConverterOptions& key,
             const convert::JsonConverterOptions& value);

    /// Empty: the sink channel is off.
    const std::string& topic() const { return topic_; }

    /// Of the initial snapshot and of blocking ones. The connector's name is added to `data`.
    void initial(topiclog::AppendBatch& batch, const std::string& type, const Data& data = {});
    void incremental(topiclog::AppendBatch& batch, const std::string& id, const std::string& type,
                     const Data& data = {});

  private:
    void send(topiclog::AppendBatch& batch, events::Notification notification, const Data& data);

    std::string connector_;
    std::string topic_;
    bool logs_ = false;
    std::string key_prefix_, key_suffix_, value_prefix_, value_suffix_;
};

}  // namespace millrace::engine
