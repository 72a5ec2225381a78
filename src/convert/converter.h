#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "record/arena.h"
#include "record/record.h"
#include "record/schema.h"
#include "record/value.h"

namespace millrace::convert {

/// What a converter made of a key or value: the bytes that it appended, behind a text that it shares with others.
struct Converted {
    bool is_null = false;  ///< The record has none; nothing was appended.
    /// What precedes the appended bytes, the same for all values of the schema; may be missing. Lives as long as its
    /// owner does, whom batches keep.
    const std::shared_ptr<const std::string>* prefix = nullptr;
};

/// A header as the log has it.
struct WireHeader {
    std::string_view name;
    std::string value;
};

/// Kafka Connect's Converter and HeaderConverter: a value of Connect's data model as bytes. Not thread-safe.
class Converter {
  public:
    virtual ~Converter() = default;
    /// Whether append_record() looks at a record's headers.
    virtual bool looks_at_headers() const { return false; }
    /// Appends to `out`. `schema` may be missing, of a value without one. Throws FatalError for what cannot be
    /// converted, naming the field; RetriableError where a registry is away.
    virtual Converted append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                             const record::Value& value, record::Arena& arena) = 0;
    /// The same for a side of a whole record, whose headers some look at.
    virtual Converted append_record(std::string& out, const record::Record& record, const record::SchemaAndValue& side,
                                    record::Arena& arena) {
        return append(out, record.topic, side.schema, side.value, arena);
    }
    /// Whether wire_headers() may have any.
    virtual bool adds_headers() const { return false; }
    /// What the record whose key or value was converted last has among its headers by that.
    virtual std::span<const WireHeader> wire_headers() const { return {}; }
    /// Of a header; as append() unless the class has another way for headers.
    virtual bool append_header(std::string& out, std::string_view topic, std::string_view /*name*/,
                               const record::SchemaPtr& schema, const record::Value& value, record::Arena& arena) {
        const Converted converted = append(out, topic, schema, value, arena);
        if (converted.is_null) return false;
        if (converted.prefix != nullptr) out = **converted.prefix + out;
        return true;
    }
};

}  // namespace millrace::convert
