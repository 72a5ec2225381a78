#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/schema.h"

namespace millrace::events {

/// The records that say where a transaction begins and ends (provide.transaction.metadata): to the transaction topic,
/// without headers. The block that ties a change to its transaction is event.block; see envelope.h.
class TransactionFormat {
  public:
    struct Count {
        std::string table;  ///< "database.table"
        int64_t events = 0;
    };

    TransactionFormat();
    const record::SchemaPtr& key_schema() const { return key_; }
    const record::SchemaPtr& value_schema() const { return value_; }

    static std::string key_payload(const std::string& id);
    static std::string begin_payload(const std::string& id, int64_t ts_ms);
    /// `counts` in the order in which they are to be written.
    static std::string end_payload(const std::string& id, int64_t ts_ms, const std::vector<Count>& counts);

  private:
    record::SchemaPtr key_;
    record::SchemaPtr value_;
};

/// Appends a change's transaction block: its number within the transaction and within its table, counted from 1.
void append_transaction_block(std::string& out, std::string_view id, int64_t total_order, int64_t table_order);

}  // namespace millrace::events
