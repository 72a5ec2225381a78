#pragma once

#include <memory>
#include <string>
#include <vector>

#include "convert/registry_schema.h"
#include "record/arena.h"
#include "record/schema.h"
#include "record/value.h"

namespace millrace::convert {

/// A Connect schema as Avro (specification 1.11) has it, in the way of the Avro converters of Confluent and Apicurio
/// (their AvroData): connect.* properties keep what Avro has no word for. Made once per schema.
class AvroSchema final : public RegistrySchema {
  public:
    struct Options {
        bool connect_meta_data = true;              ///< connect.meta.data
        bool ignore_default_for_nullables = false;  ///< ignore.default.for.nullables
    };
    /// Throws FatalError for a name that Avro does not take.
    AvroSchema(record::SchemaPtr schema, Options options);
    ~AvroSchema() override;
    AvroSchema(AvroSchema&&) noexcept;

    /// As Avro's Schema.toString() prints it.
    const std::string& text() const override { return text_; }
    /// namespace.name of a record; empty: it is none.
    const std::string& full_name() const override { return full_name_; }
    /// Appends the value in Avro's binary encoding. Throws FatalError for a null that may not be one.
    void append(std::string& out, const record::Value& value, record::Arena& arena) override;

  private:
    struct Node;
    class Writer;

    record::SchemaPtr schema_;
    std::unique_ptr<Node> root_;
    std::string text_, full_name_;
};

}  // namespace millrace::convert
