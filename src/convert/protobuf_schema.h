#pragma once

#include <memory>
#include <string>

#include "convert/registry_schema.h"
#include "record/schema.h"

namespace millrace::convert {

/// A Connect schema as a proto3 file, in the way of io.confluent.connect.protobuf.ProtobufConverter (its ProtobufData):
/// fields are numbered as they stand, structs are messages within the one that has them first, Connect's logical types
/// are google.type.Date and TimeOfDay, google.protobuf.Timestamp and confluent.type.Decimal, and confluent.field_meta
/// keeps what Protobuf has no word for. Values are in Protobuf's wire format, without its default values; before the
/// message stands where in the file it is.
class ProtobufSchema final : public RegistrySchema {
  public:
    struct Options {
        bool optional_for_nullables = false;        ///< optional.for.nullables: a null is told from a default value.
        bool wrapper_for_nullables = false;         ///< wrapper.for.nullables: the same, by google.protobuf's wrappers.
        bool ignore_default_for_nullables = false;  ///< ignore.default.for.nullables
    };
    /// Throws FatalError for what is no struct, names that are none in Protobuf, and arrays of arrays.
    ProtobufSchema(record::SchemaPtr schema, Options options);
    ~ProtobufSchema() override;

    const std::string& text() const override { return text_; }
    const std::string& full_name() const override { return full_name_; }
    /// Throws FatalError for a null in an array.
    void append(std::string& out, const record::Value& value, record::Arena& arena) override;

  private:
    struct Field;
    struct Message;
    class Writer;

    const record::SchemaPtr schema_;
    std::unique_ptr<Message> root_;
    std::string text_, full_name_;
};

}  // namespace millrace::convert
