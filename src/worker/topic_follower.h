#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "topiclog/topic_log.h"

namespace millrace::worker {

/// A view of an internal topic: reads all of it at once, and from follow() on, on a thread of the given name, what
/// others write. What cannot be read now is tried again.
class TopicFollower {
  public:
    using Visit = topiclog::TopicReader::Visit;

    /// Visits what is there. Throws RetriableError.
    TopicFollower(topiclog::TopicLog& log, const std::string& topic, Visit visit);
    /// `caught_up` is called after each round that brought something.
    void follow(std::string thread_name, std::function<void()> caught_up = [] {});

  private:
    const Visit visit_;
    std::unique_ptr<topiclog::TopicReader> reader_;
    std::jthread thread_;
};

}  // namespace millrace::worker
