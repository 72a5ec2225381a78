#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "convert/converter.h"
#include "convert/registry_schema.h"
#include "convert/schema_registry.h"

namespace millrace::convert {

/// The converters whose schemas are in a registry (Confluent's AvroConverter and JsonSchemaConverter, Apicurio's
/// AvroConverter and ExtJsonConverter): the value in its format, with the schema's id before it, around it or in a
/// header.
class RegistryConverter : public Converter {
  public:
    /// How subjects are called: Confluent's strategies, and Apicurio's.
    enum class Subjects {
        Topic,        ///< TopicNameStrategy, TopicIdStrategy: topic-key, topic-value.
        PlainTopic,   ///< SimpleTopicIdStrategy: topic.
        Record,       ///< RecordNameStrategy, QualifiedRecordIdStrategy: the record's full name.
        TopicRecord,  ///< TopicRecordNameStrategy: topic-name.
        /// RecordIdStrategy and TopicRecordIdStrategy: the record's own name, its namespace the group.
        RecordInGroup,
        TopicRecordInGroup,
    };
    /// Where the id is.
    enum class Framing {
        FourBytes,   ///< Behind a zero byte, big-endian.
        EightBytes,  ///< The same.
        Headers,     ///< In apicurio.value.globalId or its like, eight bytes; apicurio.value.encoding is BINARY.
        Around,      ///< {"schemaId":…,"payload":…}
    };
    struct Options {
        /// Throws FatalError for a schema that the format has no place for.
        std::function<std::unique_ptr<RegistrySchema>(const record::SchemaPtr&)> make_schema;
        Subjects subjects = Subjects::Topic;
        std::string group, subject;  ///< Instead of those of `subjects`; empty: those.
        Framing framing = Framing::FourBytes;
        bool is_content_id = false;  ///< What the header is called by.
        bool is_key = false;
    };
    RegistryConverter(std::unique_ptr<SchemaRegistry> registry, Options options);

    Converted append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                     const record::Value& value, record::Arena& arena) override;
    /// The id of the schema of what was converted last.
    int64_t last_id() const { return last_id_; }
    bool adds_headers() const override { return options_.framing == Framing::Headers; }
    std::span<const WireHeader> wire_headers() const override { return {headers_.data(), header_count_}; }

  private:
    struct Known {
        record::SchemaPtr schema;
        std::unique_ptr<RegistrySchema> own;
        std::string topic;  ///< The last one asked for,
        int64_t id = -1;    ///< and the schema's id there.
    };
    Known& known(const record::SchemaPtr& schema);
    SchemaRegistry::Subject subject_of(std::string_view topic, const RegistrySchema& own_schema) const;
    void frame(std::string& out, int64_t id);

    static constexpr size_t kSchemasMax = 10'000;
    std::unique_ptr<SchemaRegistry> registry_;
    const Options options_;
    std::unordered_map<const record::Schema*, std::unique_ptr<Known>> known_;
    int64_t last_id_ = -1;
    std::array<WireHeader, 2> headers_;  ///< The id and the encoding.
    size_t header_count_ = 0;
};

}  // namespace millrace::convert
