#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "convert/json_converter.h"
#include "convert/registry_converter.h"

namespace millrace::convert {

/// io.debezium.converters.CloudEventsConverter: a change event as a CloudEvent 1.0: in structured JSON with its data in
/// JSON, or in Avro's bytes as base64; or in Avro all of it. What is no change event has no value.
class CloudEventsConverter : public Converter {
  public:
    /// Where a part of an event comes from (metadata.source).
    enum class From { Value, Header, Generate };
    struct Options {
        JsonConverterOptions data;      ///< json.*
        bool has_extensions = true;     ///< extension.attributes.enable
        bool has_trace_parent = false;  ///< opentelemetry.tracing.attributes.enable
        From global = From::Value, id = From::Generate, type = From::Generate, data_schema_name = From::Generate;
        bool is_avro = false;     ///< serializer.type=avro
        std::string registry;     ///< What `dataschema` begins with: the registry's addresses as they are set.
        std::string schema_name;  ///< schema.cloudevents.name: of Avro's record; empty: by server and database.
        std::function<std::string(const std::string&)> adjust_name;  ///< schema.name.adjustment.mode

        /// metadata.source, with what else decides on it. Throws ConfigError.
        void read_metadata_source(const std::string& text, bool takes_data_schema_name);
    };
    /// `avro` is for data in Avro; nullptr: they are JSON.
    explicit CloudEventsConverter(Options options, std::unique_ptr<RegistryConverter> avro = nullptr);
    ~CloudEventsConverter() override;

    Converted append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                     const record::Value& value, record::Arena& arena) override;
    bool looks_at_headers() const override { return true; }
    Converted append_record(std::string& out, const record::Record& record, const record::SchemaAndValue& side,
                            record::Arena& arena) override;

  private:
    struct Source;
    std::string text_of(const record::Record& record, std::string_view header) const;
    std::string id_of(const record::Record& record, const Source& source) const;
    template <typename Attributes>
    void append_attributes(Attributes& to, const record::Record& record, const Source& source,
                           const std::string& data_schema_uri) const;
    template <typename Attributes>
    void append_extensions(Attributes& to, const Source& source) const;
    void append_json_event(std::string& out, const record::Record& record, const record::SchemaAndValue& data,
                           const Source& source, record::Arena& arena);
    void append_json_with_avro(std::string& out, const record::Record& record, const record::SchemaAndValue& data,
                               const Source& source, record::Arena& arena);
    void append_avro_event(std::string& out, const record::Record& record, const record::SchemaAndValue& data,
                           const Source& source, record::Arena& arena);
    std::string append_avro_data(std::string& out, std::string_view topic, const record::SchemaAndValue& data,
                                 record::Arena& arena);
    record::SchemaAndValue data_of(const record::Record& record, const record::SchemaAndValue& side,
                                   const Source& source, record::Arena& arena);
    record::SchemaPtr data_schema(const record::SchemaPtr& envelope, const std::string& name);

    const Options options_;
    JsonConverter data_;
    std::unique_ptr<RegistryConverter> avro_;
    /// A schema that was made of another, which is held beside it, by that one and the new one's name.
    using Made =
        std::map<std::pair<const record::Schema*, std::string>, std::pair<record::SchemaPtr, record::SchemaPtr>>;
    Made schemas_, envelopes_;
};

}  // namespace millrace::convert
