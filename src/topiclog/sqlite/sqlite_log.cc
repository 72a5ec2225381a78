#include "topiclog/sqlite/sqlite_log.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::topiclog {
namespace {

constexpr int64_t kFormatVersion = 1;
constexpr int64_t kPageBytes = 16384;
constexpr size_t kRowBytesMax = 1 << 20;  // of records in one batch row, before compression
constexpr int64_t kCompactFromRecords = 200;

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS topic (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL,
  compact INTEGER NOT NULL, retention_ms INTEGER NOT NULL, retention_bytes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS partition (
  id INTEGER PRIMARY KEY AUTOINCREMENT, topic_id INTEGER NOT NULL, number INTEGER NOT NULL,
  next_offset INTEGER NOT NULL, bytes INTEGER NOT NULL, UNIQUE (topic_id, number));
CREATE TABLE IF NOT EXISTS prefix (id INTEGER PRIMARY KEY AUTOINCREMENT, topic_id INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS prefix_of_topic ON prefix (topic_id);
CREATE TABLE IF NOT EXISTS batch (
  partition_id INTEGER NOT NULL, base_offset INTEGER NOT NULL, base_timestamp INTEGER NOT NULL,
  max_timestamp INTEGER NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS batch_of_partition ON batch (partition_id, base_offset);
)";

/// Takes the store for this process. The file keeps the owner's process id for whoever comes second.
int take_ownership(const std::string& directory) {
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    if (failed) throw EnvironmentError(format("Cannot create store.path {}: {}", directory, failed.message()));
    const std::string path = directory + "/owner";
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) throw EnvironmentError(format("Cannot open {}: {}", path, std::strerror(errno)));
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        char owner[32] = {};
        const auto length = ::pread(file, owner, sizeof owner - 1, 0);
        ::close(file);
        throw EnvironmentError(
            format("The store {} belongs to the running process {}; stop it, or give this worker another store.path",
                   directory, trimmed(std::string_view(owner, length > 0 ? static_cast<size_t>(length) : 0))));
    }
    const std::string mine = format("{}\n", ::getpid());
    if (::ftruncate(file, 0) != 0 || ::pwrite(file, mine.data(), mine.size(), 0) < 0)
        log::debug("store", "The owner file could not be written");  // the lock is what counts
    return file;
}

/// The partition that a transform chose. Throws FatalError if the topic does not have it.
int32_t checked_partition(const AppendBatch& batch, const AppendBatch::Entry& entry, int32_t partitions) {
    if (entry.partition < partitions) return entry.partition;
    throw FatalError(
        format("Invalid partition given with record: {} is not in the range [0...{}) of topic {}. Create it with "
               "as many partitions as the transform that chooses them knows "
               "(topic.creation.default.partitions)",
               entry.partition, partitions, batch.topic(entry.slot)));
}

}  // namespace

struct SqliteLog::Statements {
    Statement insert_topic, insert_partition, insert_prefix, insert_batch, update_partition, shrink_partition;
    explicit Statements(Database& database)
        : insert_topic(database.prepare("INSERT INTO topic (name, partitions, compact, retention_ms, retention_bytes) "
                                        "VALUES (?, ?, ?, ?, ?)")),
          insert_partition(
              database.prepare("INSERT INTO partition (topic_id, number, next_offset, bytes) VALUES (?, ?, 0, 0)")),
          insert_prefix(database.prepare("INSERT INTO prefix (topic_id, bytes) VALUES (?, ?)")),
          insert_batch(
              database.prepare("INSERT INTO batch (partition_id, base_offset, base_timestamp, max_timestamp, data) "
                               "VALUES (?, ?, ?, ?, ?)")),
          update_partition(database.prepare("UPDATE partition SET next_offset = ?, bytes = bytes + ? WHERE id = ?")),
          shrink_partition(
              database.prepare("UPDATE partition SET bytes = (SELECT coalesce(sum(length(data)), 0) FROM batch "
                               "WHERE partition_id = partition.id) WHERE id = ?")) {}
};

SqliteLog::SqliteLog(const StoreOptions& options) : options_(options), lock_file_(take_ownership(options.directory)) {
    database_ = std::make_unique<Database>(store_file(options_.directory), Database::Mode::Write);
    database_->execute(
        format("PRAGMA page_size = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
               "PRAGMA wal_autocheckpoint = {}; PRAGMA journal_size_limit = {}; PRAGMA cache_size = -8192",
               kPageBytes, options_.wal_bytes_max / kPageBytes, options_.wal_bytes_max));
    {
        Transaction transaction(*database_);
        database_->execute(kSchema);
        database_->execute(format("INSERT OR IGNORE INTO meta VALUES ('format', {})", kFormatVersion));
        transaction.commit();
    }
    Statement version = database_->prepare("SELECT value FROM meta WHERE key = 'format'");
    version.step();
    if (version.integer(0) != kFormatVersion)
        throw EnvironmentError(
            format("The store {} has format {}, this program reads format {}; use the version of "
                   "millrace that wrote it",
                   options_.directory, version.integer(0), kFormatVersion));
    version.reset();
    statements_ = std::make_unique<Statements>(*database_);
    load_topics();
    reader_ = std::make_unique<StoreReader>(options_.directory);
    cleaner_ = std::jthread([this](const std::stop_token& stop) { run_cleaner(stop); });
}

SqliteLog::~SqliteLog() {
    cleaner_.request_stop();
    if (cleaner_.joinable()) cleaner_.join();
    statements_.reset();
    reader_.reset();
    database_.reset();
    ::close(lock_file_);
}

void SqliteLog::load_topics() {
    topics_.clear();
    Statement topics =
        database_->prepare("SELECT id, name, partitions, compact, retention_ms, retention_bytes FROM topic");
    while (topics.step()) {
        Topic topic;
        topic.id = topics.integer(0);
        topic.config = {static_cast<int32_t>(topics.integer(2)), topics.integer(3) != 0, topics.integer(4),
                        topics.integer(5)};
        Statement partitions =
            database_->prepare("SELECT id, next_offset FROM partition WHERE topic_id = ? ORDER BY number");
        partitions.bind(1, topic.id);
        while (partitions.step()) topic.partitions.push_back({partitions.integer(0), partitions.integer(1)});
        Statement prefixes = database_->prepare("SELECT id, bytes FROM prefix WHERE topic_id = ?");
        prefixes.bind(1, topic.id);
        while (prefixes.step()) topic.prefix_ids.emplace(prefixes.bytes(1), prefixes.integer(0));
        topics_.emplace(topics.bytes(1), std::move(topic));
    }
}

SqliteLog::Topic& SqliteLog::topic_for(const std::string& name, const TopicConfig& config) {
    const auto found = topics_.find(name);
    if (found != topics_.end()) return found->second;
    Topic topic;
    topic.config = config;
    statements_->insert_topic.bind_text(1, name)
        .bind(2, config.partitions)
        .bind(3, config.compact ? 1 : 0)
        .bind(4, config.retention_ms)
        .bind(5, config.retention_bytes)
        .run();
    topic.id = database_->last_insert_id();
    for (int32_t number = 0; number < config.partitions; ++number) {
        statements_->insert_partition.bind(1, topic.id).bind(2, number).run();
        topic.partitions.push_back({database_->last_insert_id(), 0});
    }
    return topics_.emplace(name, std::move(topic)).first->second;
}

void SqliteLog::ensure_topic(const std::string& name, const TopicConfig& config) {
    const std::lock_guard lock(mutex_);
    if (topics_.contains(name)) return;
    try {
        Transaction transaction(*database_);
        topic_for(name, config);
        transaction.commit();
    } catch (...) {
        load_topics();
        throw;
    }
}

bool SqliteLog::remove_topic(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = topics_.find(name);
    if (found == topics_.end()) return false;
    Transaction transaction(*database_);
    const int64_t id = found->second.id;
    database_->execute(
        format("DELETE FROM batch WHERE partition_id IN (SELECT id FROM partition WHERE topic_id = {0}); "
               "DELETE FROM partition WHERE topic_id = {0}; DELETE FROM prefix WHERE topic_id = {0}; "
               "DELETE FROM topic WHERE id = {0}",
               id));
    transaction.commit();
    topics_.erase(found);
    return true;
}

int64_t SqliteLog::prefix_id(Topic& topic, const std::string& bytes) {
    if (bytes.empty()) return 0;
    const auto found = topic.prefix_ids.find(bytes);
    if (found != topic.prefix_ids.end()) return found->second;
    statements_->insert_prefix.bind(1, topic.id).bind_blob(2, bytes).run();
    const int64_t id = database_->last_insert_id();
    topic.prefix_ids.emplace(bytes, id);
    return id;
}

void SqliteLog::write_batch(const Partition& partition, const BatchWriter& writer) {
    const std::string blob = writer.finish();
    statements_->insert_batch.bind(1, partition.id)
        .bind(2, writer.base_offset())
        .bind(3, writer.base_timestamp_ms())
        .bind(4, writer.max_timestamp_ms())
        .bind_blob(5, blob)
        .run();
    statements_->update_partition.bind(1, partition.next_offset)
        .bind(2, static_cast<int64_t>(blob.size()))
        .bind(3, partition.id)
        .run();
}

void SqliteLog::append_slot(const AppendBatch& batch, uint32_t slot) {
    Topic& topic = topic_for(batch.topic(slot), TopicConfig{});
    std::vector<std::optional<BatchWriter>> writers(topic.partitions.size());
    std::unordered_map<const std::string*, int64_t> ids;  // shared strings live as long as the batch
    const auto id_of = [&](const std::string* shared) -> int64_t {
        if (shared == nullptr) return 0;
        const auto [at, added] = ids.try_emplace(shared, 0);
        if (added) at->second = prefix_id(topic, *shared);
        return at->second;
    };
    const std::string* last_shared[3] = {};
    int64_t last_id[3] = {};
    const auto cached_id = [&](int kind, const std::string* shared) {
        if (shared != last_shared[kind]) {
            last_shared[kind] = shared;
            last_id[kind] = id_of(shared);
        }
        return last_id[kind];
    };
    for (const auto& entry : batch.entries()) {
        if (entry.slot != slot) continue;
        int32_t number = 0;
        if (entry.partition >= 0)
            number = checked_partition(batch, entry, topic.config.partitions);
        else if (topic.config.partitions > 1 && !entry.key.is_null)
            number = partition_of(batch.full_text(entry.key), topic.config.partitions);
        Partition& partition = topic.partitions[static_cast<size_t>(number)];
        auto& writer = writers[static_cast<size_t>(number)];
        if (!writer) writer.emplace(partition.next_offset, entry.timestamp_ms);
        const std::string_view key = batch.own_bytes(entry.key);
        const std::string_view value = batch.own_bytes(entry.value);
        writer->add(partition.next_offset++, entry.timestamp_ms, cached_id(0, entry.key.prefix),
                    entry.key.is_null ? nullptr : &key, cached_id(1, entry.value.prefix),
                    entry.value.is_null ? nullptr : &value,
                    entry.has_own_headers ? kOwnHeaders : cached_id(2, entry.headers),
                    entry.has_own_headers ? std::string_view(*entry.headers) : std::string_view());
        if (writer->size() >= kRowBytesMax) {
            write_batch(partition, *writer);
            writer.reset();
        }
    }
    for (size_t number = 0; number < writers.size(); ++number)
        if (writers[number]) write_batch(topic.partitions[number], *writers[number]);
}

void SqliteLog::append(const AppendBatch& batch) {
    if (batch.empty()) return;
    MILLRACE_FAILPOINT("store.before_commit");
    {
        const std::lock_guard lock(mutex_);
        try {
            Transaction transaction(*database_);
            for (uint32_t slot = 0; slot < batch.topic_count(); ++slot) append_slot(batch, slot);
            MILLRACE_FAILPOINT("store.in_commit");
            transaction.commit();
        } catch (...) {
            load_topics();  // offsets, topics and prefixes given out in the failed transaction are void
            throw;
        }
    }
    MILLRACE_FAILPOINT("store.after_commit");
    {
        const std::lock_guard lock(count_mutex_);
        ++append_count_;
    }
    appended_.notify_all();
}

uint64_t SqliteLog::append_count() {
    const std::lock_guard lock(count_mutex_);
    return append_count_;
}

void SqliteLog::wait_for_append(uint64_t seen, int64_t timeout_ms) {
    std::unique_lock lock(count_mutex_);
    appended_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return append_count_ != seen; });
}

void SqliteLog::apply_retention(const TopicInfo& info) {
    if (info.config.compact || (info.config.retention_ms < 0 && info.config.retention_bytes < 0)) return;
    const std::lock_guard lock(mutex_);
    const auto found = topics_.find(info.name);
    if (found == topics_.end()) return;
    Transaction transaction(*database_);
    for (const auto& partition : found->second.partitions) {
        if (info.config.retention_ms >= 0)
            database_->prepare("DELETE FROM batch WHERE partition_id = ? AND max_timestamp < ?")
                .bind(1, partition.id)
                .bind(2, now_ms() - info.config.retention_ms)
                .run();
        if (info.config.retention_bytes >= 0)
            database_
                ->prepare(
                    "DELETE FROM batch WHERE partition_id = ?1 AND base_offset < coalesce((SELECT base_offset FROM "
                    "(SELECT base_offset, sum(length(data)) OVER (ORDER BY base_offset DESC) AS held FROM batch "
                    "WHERE partition_id = ?1) WHERE held <= ?2 ORDER BY base_offset LIMIT 1), 0)")
                .bind(1, partition.id)
                .bind(2, info.config.retention_bytes)
                .run();
        statements_->shrink_partition.bind(1, partition.id).run();
    }
    transaction.commit();
}

void SqliteLog::compact(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = topics_.find(name);
    if (found == topics_.end()) return;
    Transaction transaction(*database_);
    for (const auto& partition : found->second.partitions) {
        std::map<std::pair<int64_t, std::string>, PackedRecord> latest;
        Statement batches = database_->prepare(
            "SELECT base_offset, base_timestamp, data FROM batch WHERE partition_id = ? "
            "ORDER BY base_offset");
        batches.bind(1, partition.id);
        while (batches.step()) {
            auto records = read_batch(batches.bytes(2), batches.integer(0), batches.integer(1));
            if (!records) throw FatalError(format("The embedded store's topic {} has a damaged batch", name));
            for (auto& record : *records) {
                std::pair<int64_t, std::string> key(record.key_prefix, record.key.value_or(""));
                latest.insert_or_assign(std::move(key), std::move(record));
            }
        }
        std::map<int64_t, const PackedRecord*> kept;  // by offset; tombstones have done their work
        for (const auto& [key, record] : latest)
            if (record.value) kept.emplace(record.offset, &record);
        database_->prepare("DELETE FROM batch WHERE partition_id = ?").bind(1, partition.id).run();
        std::optional<BatchWriter> writer;
        for (const auto& [offset, record] : kept) {
            if (!writer) writer.emplace(offset, record->timestamp_ms);
            const std::string_view key = record->key ? std::string_view(*record->key) : std::string_view{};
            const std::string_view value = *record->value;
            writer->add(offset, record->timestamp_ms, record->key_prefix, record->key ? &key : nullptr,
                        record->value_prefix, &value, record->headers, record->own_headers);
            if (writer->size() < kRowBytesMax) continue;
            write_batch(partition, *writer);
            writer.reset();
        }
        if (writer) write_batch(partition, *writer);
        statements_->shrink_partition.bind(1, partition.id).run();
    }
    transaction.commit();
}

void SqliteLog::clean_up() {
    for (const auto& info : reader_->topics()) {
        if (!info.config.compact) {
            apply_retention(info);
        } else if (info.records - compacted_up_to_[info.name] >= kCompactFromRecords) {
            compact(info.name);
            compacted_up_to_[info.name] = info.records;
        }
    }
}

void SqliteLog::run_cleaner(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "store-cleaner");
    std::mutex idle;
    std::unique_lock lock(idle);
    std::condition_variable_any never;
    while (!stop.stop_requested()) {
        never.wait_for(lock, stop, std::chrono::milliseconds(options_.cleanup_interval_ms), [] { return false; });
        if (stop.stop_requested()) return;
        try {
            clean_up();
        } catch (const std::exception& fault) {
            log::warn("store",
                      format("Clean-up is put off: {}", fault.what()));  // space is not correctness: next round
        }
    }
}

}  // namespace millrace::topiclog
