#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "convert/json_converter.h"
#include "events/transaction_metadata.h"
#include "topiclog/append_batch.h"

namespace millrace::engine {

/// Counts the events of the transaction that is being written and writes its BEGIN and END
/// (provide.transaction.metadata). Used under the record queue's lock.
class TransactionMonitor {
  public:
    using Counts = std::vector<events::TransactionFormat::Count>;

    TransactionMonitor(std::string topic, const convert::JsonConverterOptions& key,
                       const convert::JsonConverterOptions& value);

    const std::string& topic() const { return topic_; }
    bool is_open() const { return is_open_; }
    const std::string& id() const { return id_; }
    Counts counts() const;

    void begin(topiclog::AppendBatch& batch, std::string id, int64_t ts_ms);
    /// Takes up a transaction whose BEGIN and first events were written before a restart.
    void resume(std::string id, const Counts& counts);
    /// Some sources' ids tell where the message stands that they come with.
    void rename(std::string id) { id_ = std::move(id); }
    /// Nothing if no transaction is open.
    void end(topiclog::AppendBatch& batch, int64_t ts_ms);

    /// A table's counter, good until the transaction ends.
    int64_t& counter(const std::string& table);
    /// Counts one event and appends its block.
    void append_block(std::string& out, int64_t& counter) {
        events::append_transaction_block(out, id_, ++total_, ++counter);
    }

  private:
    void write(topiclog::AppendBatch& batch, const std::string& payload);

    const std::string topic_;
    std::string key_prefix_, key_suffix_, value_prefix_, value_suffix_;
    bool is_open_ = false;
    std::string id_;
    int64_t total_ = 0;
    std::deque<events::TransactionFormat::Count> counts_;  ///< In order of arrival; places stay good.
    size_t java_capacity_ = 16;                            ///< Of Debezium's map, which orders END's counts.
};

}  // namespace millrace::engine
