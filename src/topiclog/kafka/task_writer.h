#pragma once

#include <utility>

#include "base/errors.h"
#include "topiclog/kafka/batch_limits.h"
#include "topiclog/kafka/refused_record.h"
#include "topiclog/kafka/topic_creation.h"
#include "topiclog/topic_log.h"

namespace millrace::topiclog::kafka {

/// What writers are given by the log; all of it outlives them.
struct WriterContext {
    TopicCreation& topics;
    BatchLimits& limits;
    int64_t batch_bytes = 0;  ///< The bound that this writer's client has.
};

/// What the writers of tasks have in common: topics by the connector's rules, the question whether this process may
/// still write, and what becomes of records that are refused.
class TaskWriter : public RecordWriter {
  public:
    void ensure_topics(const std::vector<std::string>& names) final {
        context_.topics.ensure(names, options_.topic_creation);
    }
    void check_topics(const std::vector<std::string>& names) final {
        context_.topics.check(names, options_.topic_creation);
    }

  protected:
    TaskWriter(WriterOptions options, const WriterContext& context) : options_(std::move(options)), context_(context) {}

    bool may_write() const { return !options_.may_write || options_.may_write(); }
    void require_may_write() const {
        if (may_write()) return;
        throw RetriableError(
            "This worker may have lost its place in the group; nothing more is written until that is clear");
    }

    bool is_left_out(const RefusedRecord& record) const {
        return options_.refusal.skips && is_of_the_record(record.error);
    }
    bool is_dead_letter(const RefusedRecord& record) const {
        return !options_.refusal.dead_letter_topic.empty() && record.topic == options_.refusal.dead_letter_topic;
    }
    /// Says and counts that a record is left out.
    void note_left_out(const RefusedRecord& record) const {
        log_skipped(record, options_);
        if (options_.refusal.skipped) options_.refusal.skipped(!options_.refusal.dead_letter_topic.empty());
    }
    /// A broker's refusal: throws RetriableError if smaller batches may help.
    void consider_batch_size(const RefusedRecord& record) const {
        if (record.error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
            context_.limits.refused(options_.connector, std::string(record.topic), context_.batch_bytes);
    }

    const WriterOptions options_;

  private:
    const WriterContext context_;
};

}  // namespace millrace::topiclog::kafka
