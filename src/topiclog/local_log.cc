#include "topiclog/local_log.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/failpoint.h"
#include "topiclog/topic_creation_rules.h"

namespace millrace::topiclog {
namespace {

constexpr size_t kChunkBytes = 1 << 20;

class LocalReader final : public TopicReader {
  public:
    LocalReader(LocalLog& log, std::string topic, const std::map<int32_t, int64_t>& from)
        : log_(log), topic_(std::move(topic)), next_(from) {}

    size_t poll(const Visit& visit, int64_t timeout_ms) override {
        const int64_t deadline = steady_ms() + timeout_ms;
        for (;;) {
            const uint64_t seen = log_.append_count();
            const size_t visited = read(visit, kChunkBytes);
            const int64_t left = deadline - steady_ms();
            if (visited != 0 || left <= 0) return visited;
            log_.wait_for_append(seen, left);
        }
    }

    void read_to_end(const Visit& visit) override {
        const auto info = log_.topic(topic_);
        if (!info) return;
        for (int32_t partition = 0; partition < info->config.partitions; ++partition) {
            const int64_t end = info->next_offsets[static_cast<size_t>(partition)];
            while (next_[partition] < end && read_partition(partition, visit, kChunkBytes) != 0) continue;
        }
    }

  private:
    size_t read(const Visit& visit, size_t bytes_max) {
        const auto info = log_.topic(topic_);
        size_t visited = 0;
        for (int32_t partition = 0; info && partition < info->config.partitions; ++partition)
            visited += read_partition(partition, visit, bytes_max);
        return visited;
    }

    size_t read_partition(int32_t partition, const Visit& visit, size_t bytes_max) {
        const auto records = log_.fetch(topic_, partition, next_[partition], bytes_max);
        for (const auto& record : records) visit(record);
        if (!records.empty()) next_[partition] = records.back().offset + 1;
        return records.size();
    }

    LocalLog& log_;
    const std::string topic_;
    std::map<int32_t, int64_t> next_;
};

/// The offset goes into the batch that it stands behind.
class LocalWriter final : public RecordWriter {
  public:
    LocalWriter(LocalLog& log, WriterOptions options) : log_(log), options_(std::move(options)) {}

    void write(AppendBatch& batch, const std::optional<OffsetRecord>& offset) override {
        if (offset) batch.add(offset->topic, &offset->key, &offset->value, now_ms());
        if (!batch.empty()) log_.append(batch);
        if (options_.durable) options_.durable(batch.commits());
        if (offset && options_.offset_durable) options_.offset_durable(offset->mark);
        MILLRACE_FAILPOINT("sender.after_append");
    }
    void flush() override {}
    void check_topics(const std::vector<std::string>&) override {}
    /// Those that topic.creation.* says something of; append makes the others.
    void ensure_topics(const std::vector<std::string>& names) override {
        for (const auto& name : names) {
            auto config = created_topic(name, options_.topic_creation);
            if (!config) continue;
            config->partitions = std::max(config->partitions, 1);
            log_.ensure_topic(name, *config);
        }
    }
    void abandon() override {}

  private:
    LocalLog& log_;
    const WriterOptions options_;
};

/// Nobody else can share what one process owns.
class SoleMembership final : public Membership {
  public:
    explicit SoleMembership(std::string url) : url_(std::move(url)) {}
    bool is_shared() const override { return false; }
    std::string member_id() override { return url_; }
    bool is_leader() override { return true; }
    bool may_work() override { return true; }
    std::optional<std::vector<Member>> members() override { return {{Member{url_, url_}}}; }
    std::optional<std::string> refusal() override { return std::nullopt; }
    void leave() override {}

  private:
    const std::string url_;
};

}  // namespace

std::unique_ptr<Membership> LocalLog::join(MembershipOptions options) {
    return std::make_unique<SoleMembership>(std::move(options.url));
}

std::unique_ptr<TopicReader> LocalLog::open_reader(const std::string& topic, const std::map<int32_t, int64_t>& from) {
    return std::make_unique<LocalReader>(*this, topic, from);
}

std::unique_ptr<RecordWriter> LocalLog::open_writer(WriterOptions options) {
    return std::make_unique<LocalWriter>(*this, std::move(options));
}

}  // namespace millrace::topiclog
