#include "source/engine/record_queue.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "base/calendar.h"

namespace millrace::engine {

RecordQueue::RecordQueue(topiclog::TopicLog& log, topiclog::WriterOptions writer, Options options,
                         CurrentOffset current_offset)
    : options_(std::move(options)),
      current_offset_(std::move(current_offset)),
      writer_(log.open_writer([&] {
          writer.failed = [this] { writer_failed(); };
          writer.offset_durable = options_.offset_durable;
          if (options_.figures != nullptr) writer.durable = [this](const auto& commits) { note_durable(commits); };
          return std::move(writer);
      }())),
      sender_([this](const std::stop_token& stop) { run(stop); }) {
    if (options_.figures != nullptr) options_.figures->queue_bytes_max = static_cast<int64_t>(options_.bytes_max);
}

RecordQueue::~RecordQueue() {
    sender_.request_stop();
    filled_.notify_all();
    writer_->abandon();  // what is not durable by now is read from the log again
}

RecordQueue::Entry::~Entry() {
    const bool wake = queue_.sender_waits_ && queue_.filling_.byte_size() >= queue_.wake_at_bytes_;
    lock_.unlock();
    if (wake) queue_.filled_.notify_one();
}

void RecordQueue::throw_if_failed() const {
    if (fault_) std::rethrow_exception(fault_);
}

RecordQueue::Entry RecordQueue::enter() {
    std::unique_lock lock(mutex_);
    emptied_.wait(lock, [&] { return fault_ || filling_.byte_size() < options_.bytes_max; });
    throw_if_failed();
    return {*this, std::move(lock)};
}

void RecordQueue::set_bulk(bool bulk) {
    const std::lock_guard lock(mutex_);
    is_bulk_ = bulk;
}

void RecordQueue::flush() {
    std::unique_lock lock(mutex_);
    const uint64_t wanted = ++flushes_wanted_;
    filled_.notify_one();
    emptied_.wait(lock, [&] { return fault_ || flushes_done_ >= wanted; });
    throw_if_failed();
}

/// The writer has a fault to throw: the sender shall go and get it.
void RecordQueue::writer_failed() {
    const std::lock_guard lock(mutex_);
    writer_failed_ = true;
    filled_.notify_one();
}

/// How long it took from commit to topic.
void RecordQueue::note_durable(const std::vector<topiclog::AppendBatch::Commit>& commits) const {
    const int64_t now_us = now_ns() / 1000;
    for (const auto& commit : commits) options_.figures->latency.note(now_us - commit.at_us, commit.records);
}

/// Waits for work and moves it to sending_. False if there was nothing to do.
bool RecordQueue::take(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
    const auto is_urgent = [&] { return flushes_wanted_ != flushes_done_ || writer_failed_; };
    sender_waits_ = true;
    filled_.wait_for(lock, stop, std::chrono::milliseconds(options_.offset_flush_interval_ms),
                     [&] { return is_urgent() || !filling_.empty(); });
    if (is_bulk_) {
        wake_at_bytes_ = std::min(kBulkBytes, options_.bytes_max);
        filled_.wait_for(lock, stop, std::chrono::milliseconds(kBulkLingerMs),
                         [&] { return is_urgent() || filling_.byte_size() >= wake_at_bytes_; });
        wake_at_bytes_ = 1;
    }
    sender_waits_ = false;
    if (stop.stop_requested()) return false;
    std::swap(filling_, sending_);
    if (options_.figures != nullptr) {
        options_.figures->records_taken += static_cast<int64_t>(sending_.entries().size());
        options_.figures->queue_bytes = static_cast<int64_t>(sending_.byte_size());
        ++options_.figures->batches_taken;
    }
    offset_to_send_ = current_offset_();
    if (offset_to_send_ && offset_to_send_->value == last_offset_) offset_to_send_.reset();
    if (offset_to_send_) last_offset_ = offset_to_send_->value;
    if (sending_.empty() && !offset_to_send_ && !is_urgent()) return false;
    return true;
}

void RecordQueue::run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), options_.thread_name.substr(0, 15).c_str());
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        if (!take(lock, stop)) {
            emptied_.notify_all();
            continue;
        }
        const uint64_t flushes = flushes_wanted_;
        writer_failed_ = false;
        lock.unlock();
        emptied_.notify_all();
        std::exception_ptr fault;
        try {
            if (options_.stage != nullptr && !sending_.empty()) options_.stage->apply(sending_);
            if (options_.figures != nullptr)
                options_.figures->bytes_taken += static_cast<int64_t>(sending_.full_size());
            writer_->write(sending_, offset_to_send_);
            if (flushes != flushes_done_) writer_->flush();
        } catch (...) {
            fault = std::current_exception();  // handed to the source's thread, which decides
        }
        sending_.clear();
        lock.lock();
        flushes_done_ = flushes;
        fault_ = fault;
        emptied_.notify_all();
        if (!fault_) continue;
        lock.unlock();
        failure_.request_stop();
        return;
    }
}

}  // namespace millrace::engine
