#include "worker/task.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <random>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::worker {
namespace {

constexpr int64_t kFirstRetryMs = 250;
/// A run that lasted this long was a good one: the next fault is counted as the first.
constexpr int64_t kHealthyRunMs = 60'000;

void pause(const std::stop_token& stop, int64_t ms) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any woken;
    woken.wait_for(lock, stop, std::chrono::milliseconds(ms), [] { return false; });
}

}  // namespace

Task::Task(Options options, MakeSource make_source, StateChanged state_changed)
    : options_(std::move(options)),
      make_source_(std::move(make_source)),
      state_changed_(std::move(state_changed)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Task::~Task() {
    thread_.request_stop();
    {
        std::unique_lock lock(mutex_);
        const auto patience = std::chrono::milliseconds(drop_ ? 0 : options_.shutdown_ms);
        if (!ended_.wait_for(lock, patience, [&] { return has_ended_; }) && source_ != nullptr) {
            log::warn("worker.task",
                      format("Connector {}: what is in flight is not waited for any longer; it is read from "
                             "the log again by the next start",
                             options_.connector_name));
            source_->abandon();
        }
    }
    if (thread_.joinable()) thread_.join();
}

bool Task::signal(engine::Signal signal) {
    const std::lock_guard lock(mutex_);
    if (source_ == nullptr) return false;
    source_->signal(std::move(signal));
    return true;
}

void Task::set_source(engine::Source* source) {
    const std::lock_guard lock(mutex_);
    source_ = source;
}

bool Task::run_once(const std::stop_token& stop, int64_t& failures) {
    const int64_t started = steady_ms();
    try {
        const auto source = make_source_([this] { state_changed_(State::Running, ""); });
        set_source(source.get());
        const SourceScope scope{*this};
        source->run(stop);
        return false;
    } catch (const RetriableError& fault) {
        if (stop.stop_requested()) return false;
        if (steady_ms() - started >= kHealthyRunMs) failures = 0;
        ++failures;
        if (options_.retries_max >= 0 && failures > options_.retries_max) {
            state_changed_(State::Failed, format("{} (gave up after errors.max.retries={} retries)", fault.what(),
                                                 options_.retries_max));
            return false;
        }
        const bool failed = fault.shown() == RetriableError::Shown::Failed;
        log::warn("worker.task", format("{} (try {}, is tried again)", fault.what(), failures));
        state_changed_(failed ? State::Failed : State::Restarting, fault.what());
        return true;
    } catch (const std::exception& fault) {
        if (stop.stop_requested()) return false;
        log::error("worker.task", format("The task failed: {}", fault.what()));
        state_changed_(State::Failed, fault.what());
        return false;
    }
}

void Task::run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), ("src-" + options_.connector_name).substr(0, 15).c_str());
    const log::Context context(options_.title, options_.logical_name, "task");
    std::minstd_rand random(static_cast<unsigned>(now_ns()));
    int64_t failures = 0;
    while (!stop.stop_requested() && run_once(stop, failures)) {
        const int64_t step = std::min(options_.retry_wait_ms, kFirstRetryMs << std::min<int64_t>(failures, 16));
        pause(stop, step / 2 + static_cast<int64_t>(random() % static_cast<unsigned>(std::max<int64_t>(1, step / 2))));
    }
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    ended_.notify_all();
}

}  // namespace millrace::worker
