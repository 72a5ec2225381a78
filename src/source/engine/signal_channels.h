#pragma once

#include <optional>
#include <string>
#include <thread>

#include "config/settings.h"
#include "source/engine/signal.h"
#include "topiclog/topic_log.h"

namespace millrace::engine {

/// Reads the signals that come by a topic (`signal.kafka.topic`, records whose key is the topic prefix) and by a file
/// (`signal.file`, one JSON object a line; it is emptied), every `signal.poll.interval.ms`, on a thread of its own.
class SignalChannels {
  public:
    struct Options {
        std::string topic;  ///< Empty: the channel is off.
        std::string key;    ///< topic.prefix
        /// The first record wanted; nothing: all that there are.
        std::optional<int64_t> first_offset;
        std::string file;  ///< Empty: the channel is off.
        int64_t interval_ms = 5'000;
        std::string logger;

        /// From signal.enabled.channels and the channels' own properties.
        static Options from(const config::Settings& settings);
    };
    SignalChannels(topiclog::TopicLog& log, Options options, SignalInbox& inbox);

    static bool is_enabled(const config::Settings& settings, std::string_view channel);

  private:
    void run(const std::stop_token& stop);
    void read_topic();
    void read_file();
    void put(std::string_view text, std::optional<int64_t> offset);

    topiclog::TopicLog& log_;
    const Options options_;
    SignalInbox& inbox_;
    std::unique_ptr<topiclog::TopicReader> reader_;
    std::jthread thread_;
};

}  // namespace millrace::engine
