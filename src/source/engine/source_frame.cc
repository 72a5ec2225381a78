#include "source/engine/source_frame.h"

#include <condition_variable>
#include <utility>

#include "base/errors.h"
#include "base/json.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::engine {
namespace {

std::string offset_key_of(const SourceContext& context) {
    std::string key = "[";
    json_text::append_string(key, context.connector_name);
    key += ",{\"server\":";
    json_text::append_string(key, context.settings.text("topic.prefix"));
    return key + "}]";
}

}  // namespace

SourceFrame::SourceFrame(SourceContext context, std::string logger)
    : context_(std::move(context)), logger_(std::move(logger)), offset_key_(offset_key_of(context_)) {}

/// Forgets the queue before it goes.
class SourceFrame::Scope {
  public:
    Scope(SourceFrame& frame, RecordQueue& queue) : frame_(frame) { set(&queue); }
    ~Scope() { set(nullptr); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

  private:
    void set(RecordQueue* queue) {
        const std::lock_guard lock(frame_.queue_mutex_);
        frame_.queue_ = queue;
    }
    SourceFrame& frame_;
};

void SourceFrame::run(const Queueing& how, const std::function<void(RecordQueue&)>& work) {
    RecordQueue::Options options;
    if (const int64_t bytes = settings().integer("max.queue.size.in.bytes"); bytes > 0)
        options.bytes_max = static_cast<size_t>(bytes);
    options.offset_flush_interval_ms = context_.offset_flush_interval_ms;
    options.thread_name = "snd-" + settings().text("topic.prefix");
    options.figures = context_.figures;
    if (context_.make_stage) {
        options.stage = context_.make_stage();
        options.stage->set_internal_topics(how.unconverted_topics);
    }
    options.offset_durable = how.offset_durable;
    RecordQueue queue(context_.log, context_.writer, options, how.offset);
    const Scope scope(*this, queue);
    if (options.stage)
        options.stage->set_new_topic([this, &queue](const std::string& topic) {
            queue.ensure_topics({topic});
            context_.topic_used(topic);
        });
    work(queue);
    queue.flush();
}

void SourceFrame::abandon() {
    const std::lock_guard lock(queue_mutex_);
    if (queue_ != nullptr) queue_->abandon();
}

void SourceFrame::note_started() {
    if (!std::exchange(is_started_, true)) context_.started();
}

void SourceFrame::use_topic(const std::string& topic) {
    if (queue_->routes()) return;  // the stage sees to what becomes of it
    queue_->ensure_topics({topic});
    context_.topic_used(topic);
}

std::optional<std::string> SourceFrame::stored_offset() const {
    std::optional<std::string> found;
    const auto look = [&](const std::string& topic) {
        topiclog::for_each_record(context_.log, topic, [&](const topiclog::StoredRecord& record) {
            if (record.key == offset_key_) found = record.value;
        });
    };
    look(context_.offsets_topic);
    if (!found && context_.fallback_offsets_topic != context_.offsets_topic) look(context_.fallback_offsets_topic);
    return found;
}

void SourceFrame::rest(RecordQueue& queue, const std::stop_token& stop, std::string_view snapshot_mode) {
    queue.flush();
    note_started();
    log::info(logger_, format("Streaming is disabled with snapshot.mode={}; the connector rests", snapshot_mode));
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any stopped;
    const std::stop_callback wake(queue.failure(), [&] { stopped.notify_all(); });
    stopped.wait(lock, stop, [&] { return queue.failure().stop_requested(); });
    if (!stop.stop_requested()) queue.enter();  // throws what is behind the failure
}

void SourceFrame::check_guardrail(size_t captured_tables) const {
    const int64_t most = settings().integer("guardrail.collections.max");
    if (most <= 0 || captured_tables <= static_cast<size_t>(most)) return;
    const std::string message =
        format("{} tables are captured, and guardrail.collections.max is {}; narrow table.include.list",
               captured_tables, most);
    if (iequals(settings().text("guardrail.collections.limit.action", "warn"), "fail")) throw FatalError(message);
    log::warn(logger_, message);
}

bool SourceFrame::deletes_marks() const {
    return iequals(settings().text("incremental.snapshot.watermarking.strategy"), "insert_delete");
}

Heartbeat::Options SourceFrame::heartbeat_options(std::string topic,
                                                  std::function<void(const std::string&)> run_query) const {
    Heartbeat::Options options;
    options.interval_ms = settings().integer("heartbeat.interval.ms");
    options.server = settings().text("topic.prefix");
    options.topic = std::move(topic);
    options.action_query = settings().text("heartbeat.action.query");
    options.run_query = std::move(run_query);
    options.logger = logger_;
    return options;
}

std::optional<std::string> partition_problem(const std::string& partition) {
    const auto key = parse_json(partition);
    if (key && key->is_object() && key->size() == 1 && key->contains("server") && (*key)["server"].is_string())
        return std::nullopt;
    return format("The partition {} is none of this connector: it is of the form {{\"server\":\"TOPIC.PREFIX\"}}",
                  partition);
}

}  // namespace millrace::engine
