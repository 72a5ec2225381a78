#pragma once

#include <optional>
#include <string>

#include "convert/json_converter.h"
#include "convert/registry_schema.h"

namespace millrace::convert {

/// A Connect schema as JSON Schema (draft 7) in the way of io.confluent.connect.json.JsonSchemaConverter: connect.*
/// properties keep what JSON has no word for, an optional value is one of null and itself. As there, a Decimal is told
/// as a number, also where decimal.format=BASE64 writes its bytes. Values are those of JsonConverter.
class JsonSchema final : public RegistrySchema {
  public:
    struct Options {
        JsonConverterOptions values;              ///< Without schemas.
        bool takes_additional_properties = true;  ///< object.additional.properties
    };
    /// Throws FatalError for a map whose keys are no texts.
    JsonSchema(record::SchemaPtr schema, Options options);

    const std::string& text() const override { return text_; }
    const std::string& full_name() const override { return schema_->name; }
    void append(std::string& out, const record::Value& value, record::Arena& arena) override {
        values_.append_payload(out, schema_, value, arena);
    }

  private:
    void append_schema(const record::Schema& schema, std::optional<size_t> index);
    void append_plain(const record::Schema& schema, std::optional<size_t> index);
    void append_kind(const record::Schema& schema);
    void append_properties(const record::Schema& schema, std::optional<size_t> index);

    const record::SchemaPtr schema_;
    const Options options_;
    JsonConverter values_;
    std::string text_;
};

/// As Kafka Connect's JsonConverter tells a schema: io.apicurio.registry.utils.converter.ExtJsonConverter.
class ConnectJsonSchema final : public RegistrySchema {
  public:
    ConnectJsonSchema(record::SchemaPtr schema, const JsonConverterOptions& values)
        : schema_(std::move(schema)), values_(values) {
        append_schema_json(text_, *schema_);
    }

    const std::string& text() const override { return text_; }
    const std::string& full_name() const override { return schema_->name; }
    void append(std::string& out, const record::Value& value, record::Arena& arena) override {
        values_.append_payload(out, schema_, value, arena);
    }

  private:
    const record::SchemaPtr schema_;
    JsonConverter values_;
    std::string text_;
};

}  // namespace millrace::convert
