#include "source/engine/signal_channels.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::engine {

bool SignalChannels::is_enabled(const config::Settings& settings, std::string_view channel) {
    const auto channels = settings.list("signal.enabled.channels");
    return std::find(channels.begin(), channels.end(), channel) != channels.end();
}

SignalChannels::Options SignalChannels::Options::from(const config::Settings& settings) {
    Options options;
    options.key = settings.text("topic.prefix");
    if (is_enabled(settings, "kafka")) options.topic = settings.text("signal.kafka.topic", options.key + "-signal");
    if (is_enabled(settings, "file")) options.file = settings.text("signal.file", "file-signals.txt");
    options.interval_ms = std::max<int64_t>(1, settings.integer("signal.poll.interval.ms", 5'000));
    return options;
}

SignalChannels::SignalChannels(topiclog::TopicLog& log, Options options, SignalInbox& inbox)
    : log_(log), options_(std::move(options)), inbox_(inbox) {
    if (options_.topic.empty() && options_.file.empty()) return;
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void SignalChannels::run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), ("sig-" + options_.key).substr(0, 15).c_str());
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        try {
            if (!options_.topic.empty()) read_topic();
            if (!options_.file.empty()) read_file();
        } catch (const std::exception& fault) {
            log::warn(options_.logger, format("Signals cannot be read now: {}", fault.what()));
            reader_.reset();
        }
        stopped.wait_for(lock, stop, std::chrono::milliseconds(options_.interval_ms), [] { return false; });
    }
}

void SignalChannels::read_topic() {
    if (!reader_) {
        std::map<int32_t, int64_t> from;
        if (options_.first_offset) from[0] = *options_.first_offset;
        reader_ = log_.open_reader(options_.topic, from);
        log::info(options_.logger, format("Reading signals from topic '{}'", options_.topic));
    }
    while (reader_->poll(
               [&](const topiclog::StoredRecord& record) {
                   if (record.partition != 0) return;
                   if (record.key != options_.key) {
                       log::info(options_.logger, format("Signal key '{}' doesn't match the connector's name '{}'",
                                                         record.key.value_or(""), options_.key));
                       return;
                   }
                   if (record.value) put(*record.value, record.offset);
               },
               0) > 0) {
    }
}

void SignalChannels::read_file() {
    std::ifstream in(options_.file);
    if (!in) return;  // it comes into being with the first signal
    std::stringstream text;
    text << in.rdbuf();
    in.close();
    if (text.str().empty()) return;
    if (!std::ofstream(options_.file, std::ios::trunc))
        throw RetriableError(
            format("the signal file {} cannot be emptied, so its signals would be acted on again and "
                   "again; give this process the right to write it",
                   options_.file));
    for (const auto& line : split(text.str(), '\n'))
        if (!trimmed(line).empty()) put(line, std::nullopt);
}

void SignalChannels::put(std::string_view text, std::optional<int64_t> offset) {
    std::string problem;
    auto signal = parse_signal(text, problem);
    if (!signal) {
        log::warn(options_.logger, format("Skipped signal '{}': {}", text.substr(0, 200), problem));
        return;
    }
    signal->offset = offset;
    inbox_.put(std::move(*signal));
}

}  // namespace millrace::engine
