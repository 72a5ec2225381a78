#include "cli/topic_store.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "net/http_client.h"
#include "rest/topic_export.h"
#include "topiclog/sqlite/sqlite_log.h"
#include "worker/request_error.h"

namespace millrace::cli {
namespace {

using worker::RequestError;

class RemoteStore final : public TopicStore {
  public:
    explicit RemoteStore(const WorkerAddress& worker) : client_(worker.connect()) {}

    std::string list() override { return get("/topics"); }
    std::string describe(const std::string& topic) override { return get(path(topic)); }
    void remove(const std::string& topic) override { check(client_->send("DELETE", path(topic))); }
    void put(const std::string& topic, const std::string& key, const std::string& value) override {
        check(client_->send("POST", path(topic) + "/records", to_text(Json{{"key", key}, {"value", value}})));
    }
    std::string records(const std::string& topic, const std::vector<int64_t>& from, int64_t wait_ms) override {
        std::vector<std::string> offsets;
        for (size_t i = 0; i < from.size(); ++i) offsets.push_back(format("{}:{}", i, from[i]));
        return get(format("{}/records?wait={}&offsets={}", path(topic), wait_ms, join(offsets, ",")));
    }

  private:
    static std::string path(const std::string& topic) { return "/topics/" + net::encode_segment(topic); }
    static std::string check(const net::HttpAnswer& answer) {
        if (answer.status < 400) return answer.body;
        const auto json = parse_json(answer.body);
        throw RequestError(answer.status, json ? json->value("message", answer.body) : answer.body);
    }
    std::string get(const std::string& target) { return check(client_->send("GET", target)); }

    std::unique_ptr<net::HttpClient> client_;
};

class LocalStore final : public TopicStore {
  public:
    explicit LocalStore(const std::string& directory) : directory_(directory), reader_(directory) {}

    std::string list() override {
        std::string out = "[";
        for (const auto& info : reader_.topics()) out += (out.size() > 1 ? "," : "") + rest::listing_line(info);
        return out + "]";
    }
    std::string describe(const std::string& topic) override { return rest::description(known(topic)); }
    void remove(const std::string& topic) override {
        known(topic);
        owned().remove_topic(topic);
    }
    void put(const std::string& topic, const std::string& key, const std::string& value) override {
        topiclog::AppendBatch batch;
        batch.add(topic, &key, &value, now_ms());
        owned().append(batch);
    }
    std::string records(const std::string& topic, const std::vector<int64_t>& from, int64_t wait_ms) override {
        constexpr size_t kBytes = 1 << 20;
        constexpr int64_t kPollMs = 20;  // of the store's version counter, which costs no read of data
        const int64_t deadline = steady_ms() + wait_ms;
        for (;;) {
            const int64_t version = reader_.data_version();
            std::string lines;
            const auto info = reader_.topic(topic);
            for (int32_t partition = 0; info && partition < info->config.partitions && lines.size() < kBytes;
                 ++partition) {
                const auto at = static_cast<size_t>(partition);
                for (const auto& record : reader_.fetch(topic, partition, at < from.size() ? from[at] : 0, kBytes))
                    lines += rest::export_line(record) + "\n";
            }
            if (!lines.empty() || steady_ms() >= deadline) return lines;
            while (reader_.data_version() == version && steady_ms() < deadline)
                std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
        }
    }

  private:
    topiclog::TopicInfo known(const std::string& topic) {
        const auto info = reader_.topic(topic);
        if (!info) throw RequestError(404, format("Topic {} not found", topic));
        return *info;
    }
    topiclog::SqliteLog& owned() {
        if (!log_) log_ = std::make_unique<topiclog::SqliteLog>(topiclog::StoreOptions{directory_});
        return *log_;
    }

    std::string directory_;
    topiclog::StoreReader reader_;
    std::unique_ptr<topiclog::SqliteLog> log_;
};

}  // namespace

std::unique_ptr<TopicStore> TopicStore::open(const WorkerAddress& worker, const std::string& directory) {
    if (directory.empty()) return std::make_unique<RemoteStore>(worker);
    if (!std::filesystem::exists(topiclog::store_file(directory)))
        throw EnvironmentError(format("{} holds no store", directory));
    return std::make_unique<LocalStore>(directory);
}

}  // namespace millrace::cli
