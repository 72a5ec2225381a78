#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "convert/avro_schema.h"
#include "convert/converter.h"
#include "convert/schema_registry.h"

namespace millrace::convert {

/// io.confluent.connect.avro.AvroConverter: Avro's binary encoding behind a zero byte and the schema's id in a
/// registry, big-endian.
class AvroConverter : public Converter {
  public:
    enum class Subjects {
        Topic,        ///< TopicNameStrategy: topic-key, topic-value.
        Record,       ///< RecordNameStrategy: the record's full name.
        TopicRecord,  ///< TopicRecordNameStrategy: topic-name.
    };
    struct Options {
        AvroSchema::Options avro;
        Subjects subjects = Subjects::Topic;
        bool is_key = false;
    };
    AvroConverter(SchemaRegistry::Options registry, Options options)
        : registry_(std::move(registry)), options_(options) {}

    Converted append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                     const record::Value& value, record::Arena& arena) override;

  private:
    struct Known {
        record::SchemaPtr schema;
        AvroSchema avro;
        std::string topic;  ///< The last one asked for,
        int32_t id = -1;    ///< and the schema's id there.
    };
    Known& known(const record::SchemaPtr& schema);
    std::string subject_of(std::string_view topic, const AvroSchema& avro) const;

    static constexpr size_t kSchemasMax = 10'000;
    SchemaRegistry registry_;
    const Options options_;
    std::unordered_map<const record::Schema*, std::unique_ptr<Known>> known_;
};

}  // namespace millrace::convert
