#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "convert/converter.h"
#include "record/schema.h"

namespace millrace::convert {

/// What org.apache.kafka.connect.json.JsonConverter is configured with, for keys or for values.
struct JsonConverterOptions {
    bool schemas_enable = true;
    bool replace_null_with_default = true;
    bool decimals_are_numbers = false;  ///< decimal.format=NUMERIC

    friend bool operator==(const JsonConverterOptions&, const JsonConverterOptions&) = default;
};

/// Appends the schema object as the JSON converter writes it. `field` is the name under which a struct holds it.
void append_schema_json(std::string& out, const record::Schema& schema, std::string_view field = {});

/// Appends ,"name":{…} with the schema's parameters, if it has some.
void append_parameters(std::string& out, std::string_view name, const record::Schema& schema);

/// What precedes every payload of this schema: {"schema":…,"payload": — or nothing with schemas.enable=false.
std::string payload_prefix(const JsonConverterOptions& options, const record::Schema& schema);

/// What follows every payload.
inline std::string_view payload_suffix(const JsonConverterOptions& options) {
    return options.schemas_enable ? "}" : "";
}

/// Writes values as the JSON converter does. What is Json still is copied where the options ask for the same text.
class JsonConverter : public Converter {
  public:
    explicit JsonConverter(JsonConverterOptions options);
    ~JsonConverter() override;

    Converted append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                     const record::Value& value, record::Arena& arena) override;
    /// Only the payload.
    void append_payload(std::string& out, const record::SchemaPtr& schema, const record::Value& value,
                        record::Arena& arena);

  private:
    struct Plan;
    struct Known;
    Known& known(const record::SchemaPtr& schema);

    const JsonConverterOptions options_;
    std::unordered_map<const record::Schema*, std::unique_ptr<Known>> known_;  ///< They hold their schemas.
    Known* last_ = nullptr;
};

/// A value without a schema, as the converter writes Java's maps, lists and numbers.
void append_schemaless_json(std::string& out, const record::Value& value);

}  // namespace millrace::convert
