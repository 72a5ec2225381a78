#pragma once

#include "topiclog/topic_log.h"

namespace millrace::topiclog {

/// A TopicLog inside this process: a batch is there as a whole or not at all, so that events and the offset behind them
/// need nothing but one append; and readers are woken by appends.
class LocalLog : public TopicLog {
  public:
    std::string cluster_id() override { return "embedded"; }
    /// A local log's own topics are made right and need no mending.
    void alter_topic(const std::string&, const std::map<std::string, std::string>&) override {}
    std::unique_ptr<TopicReader> open_reader(const std::string& topic, const std::map<int32_t, int64_t>& from) override;
    std::unique_ptr<RecordWriter> open_writer(WriterOptions options) override;
    std::unique_ptr<Membership> join(MembershipOptions options) override;

    /// Records of one partition from `offset` on, in order, about `bytes_max` bytes of them (at least one record
    /// if there is any). Empty at the end of the partition or when there is no such topic.
    virtual std::vector<StoredRecord> fetch(const std::string& name, int32_t partition, int64_t offset,
                                            size_t bytes_max) = 0;

    /// Changes with every append. wait_for_append returns at once if `seen` is no longer current, otherwise after
    /// the next append or the timeout.
    virtual uint64_t append_count() = 0;
    virtual void wait_for_append(uint64_t seen, int64_t timeout_ms) = 0;
};

}  // namespace millrace::topiclog
