#pragma once

#include <utility>

#include "base/errors.h"
#include "topiclog/kafka/topic_creation.h"
#include "topiclog/topic_log.h"

namespace millrace::topiclog::kafka {

/// What the writers of tasks have in common: topics by the connector's rules, and the question whether this process may
/// still write.
class TaskWriter : public RecordWriter {
  public:
    void ensure_topics(const std::vector<std::string>& names) final { topics_.ensure(names, options_.topic_creation); }
    void check_topics(const std::vector<std::string>& names) final { topics_.check(names, options_.topic_creation); }

  protected:
    /// `topics` outlives the writer.
    TaskWriter(WriterOptions options, TopicCreation& topics) : options_(std::move(options)), topics_(topics) {}

    bool may_write() const { return !options_.may_write || options_.may_write(); }
    void require_may_write() const {
        if (may_write()) return;
        throw RetriableError(
            "This worker may have lost its place in the group; nothing more is written until that is clear");
    }

    const WriterOptions options_;

  private:
    TopicCreation& topics_;
};

}  // namespace millrace::topiclog::kafka
