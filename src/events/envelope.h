#pragma once

#include <string>

#include "record/schema.h"

namespace millrace::events {

/// The schema of a table's change events (io.debezium.data.Envelope, version 2): before, after, source,
/// transaction, op, ts_ms, ts_us, ts_ns. `row` is the table's value schema, optional.
record::SchemaPtr envelope_schema(const std::string& name, const record::SchemaPtr& row,
                                  const record::SchemaPtr& source);

/// The optional block that ties an event to its transaction (event.block).
record::SchemaPtr transaction_block_schema();

/// Where the values of a change event's fields begin in a buffer, in their order.
struct EnvelopePlaces {
    size_t before = 0, after = 0, source = 0, transaction = 0, op = 0, ts_ms = 0, ts_us = 0, ts_ns = 0;
};

/// `,"ts_ms":…,"ts_us":…,"ts_ns":…` of one moment, without the leading comma.
void append_timestamps(std::string& out, int64_t ns);
/// The same, telling where the values are.
void append_timestamps(std::string& out, int64_t ns, EnvelopePlaces& places);

/// A struct's schema under construction.
class StructBuilder {
  public:
    explicit StructBuilder(std::string name, std::optional<int> version = 1, bool optional = false) {
        schema_.type = record::Type::Struct;
        schema_.name = std::move(name);
        schema_.version = version;
        schema_.optional = optional;
    }
    StructBuilder& field(std::string name, record::SchemaPtr schema) {
        schema_.fields.push_back({std::move(name), std::move(schema)});
        return *this;
    }
    StructBuilder& field(std::string name, record::Type type, bool optional = false) {
        return field(std::move(name), record::plain(type, optional));
    }
    record::SchemaPtr build() { return std::make_shared<const record::Schema>(std::move(schema_)); }

  private:
    record::Schema schema_;
};

}  // namespace millrace::events
