#include "source/engine/transaction_monitor.h"

#include <utility>

#include "base/calendar.h"
#include "base/text.h"

namespace millrace::engine {

using events::TransactionFormat;

TransactionMonitor::TransactionMonitor(std::string topic, const convert::JsonConverterOptions& key,
                                       const convert::JsonConverterOptions& value)
    : topic_(std::move(topic)),
      key_suffix_(convert::payload_suffix(key)),
      value_suffix_(convert::payload_suffix(value)) {
    const TransactionFormat format;
    key_prefix_ = convert::payload_prefix(key, *format.key_schema());
    value_prefix_ = convert::payload_prefix(value, *format.value_schema());
}

void TransactionMonitor::write(topiclog::AppendBatch& batch, const std::string& payload) {
    const std::string key = key_prefix_ + TransactionFormat::key_payload(id_) + key_suffix_;
    const std::string value = value_prefix_ + payload + value_suffix_;
    batch.add(topic_, &key, &value, now_ms());
}

void TransactionMonitor::begin(topiclog::AppendBatch& batch, std::string id, int64_t ts_ms) {
    is_open_ = true;
    id_ = std::move(id);
    total_ = 0;
    counts_.clear();
    write(batch, TransactionFormat::begin_payload(id_, ts_ms));
}

void TransactionMonitor::resume(std::string id, const Counts& counts) {
    is_open_ = true;
    id_ = std::move(id);
    counts_.assign(counts.begin(), counts.end());
    total_ = 0;
    for (const auto& count : counts) total_ += count.events;
}

void TransactionMonitor::end(topiclog::AppendBatch& batch, int64_t ts_ms) {
    if (!std::exchange(is_open_, false)) return;
    const Counts counted = counts();
    std::vector<std::string> tables;
    for (const auto& count : counted) tables.push_back(count.table);
    Counts ordered;
    for (const size_t i : java_hash_order(tables, java_capacity_)) ordered.push_back(counted[i]);
    write(batch, TransactionFormat::end_payload(id_, ts_ms, ordered));
    id_.clear();
    counts_.clear();
}

TransactionMonitor::Counts TransactionMonitor::counts() const {
    Counts counted;
    for (const auto& count : counts_)
        if (count.events > 0) counted.push_back(count);
    return counted;
}

int64_t& TransactionMonitor::counter(const std::string& table) {
    for (auto& count : counts_)
        if (count.table == table) return count.events;
    return counts_.emplace_back(table, 0).events;
}

}  // namespace millrace::engine
