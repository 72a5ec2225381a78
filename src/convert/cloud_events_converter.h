#pragma once

#include <map>
#include <memory>
#include <string>

#include "convert/json_converter.h"

namespace millrace::convert {

/// io.debezium.converters.CloudEventsConverter: a change event as a CloudEvent 1.0 in structured JSON, its data in JSON
/// too. What is no change event has no value.
class CloudEventsConverter : public Converter {
  public:
    /// Where a part of an event comes from (metadata.source).
    enum class From { Value, Header, Generate };
    struct Options {
        JsonConverterOptions data;      ///< json.*
        bool has_extensions = true;     ///< extension.attributes.enable
        bool has_trace_parent = false;  ///< opentelemetry.tracing.attributes.enable
        From global = From::Value, id = From::Generate, type = From::Generate, data_schema_name = From::Generate;

        /// metadata.source, with what else decides on it. Throws ConfigError.
        void read_metadata_source(const std::string& text, bool takes_data_schema_name);
    };
    explicit CloudEventsConverter(Options options);
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
    void append_event(std::string& out, const record::Record& record, const record::SchemaAndValue& side,
                      const Source& source, record::Arena& arena);
    void append_extensions(std::string& out, const Source& source) const;
    record::SchemaPtr data_schema(const record::SchemaPtr& envelope, const std::string& name);

    const Options options_;
    JsonConverter data_;
    std::map<std::pair<const record::Schema*, std::string>, std::pair<record::SchemaPtr, record::SchemaPtr>> schemas_;
};

}  // namespace millrace::convert
