#include "worker/topic_follower.h"

#include <pthread.h>

#include <chrono>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::worker {
namespace {

constexpr int64_t kFollowMs = 1000;
constexpr int64_t kRetryMs = 500;

}  // namespace

TopicFollower::TopicFollower(topiclog::TopicLog& log, const std::string& topic, Visit visit)
    : visit_(std::move(visit)), reader_(log.open_reader(topic)) {
    reader_->read_to_end(visit_);
}

void TopicFollower::follow(std::string thread_name, std::function<void()> caught_up) {
    thread_ = std::jthread(
        [this, name = std::move(thread_name), caught_up = std::move(caught_up)](const std::stop_token& stop) {
            pthread_setname_np(pthread_self(), name.c_str());
            while (!stop.stop_requested()) {
                try {
                    if (reader_->poll(visit_, kFollowMs) != 0) caught_up();
                } catch (const RetriableError& fault) {
                    log::warn(name, format("{}; it is tried again", fault.what()));
                    std::this_thread::sleep_for(std::chrono::milliseconds(kRetryMs));
                }
            }
        });
}

}  // namespace millrace::worker
