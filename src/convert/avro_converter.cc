#include "convert/avro_converter.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::convert {

AvroConverter::Known& AvroConverter::known(const record::SchemaPtr& schema) {
    if (known_.size() >= kSchemasMax && !known_.contains(schema.get())) known_.clear();
    auto& entry = known_[schema.get()];
    if (!entry) entry = std::make_unique<Known>(Known{schema, AvroSchema(schema, options_.avro), {}, -1});
    return *entry;
}

std::string AvroConverter::subject_of(std::string_view topic, const AvroSchema& avro) const {
    if (options_.subjects == Subjects::Topic) return format("{}-{}", topic, options_.is_key ? "key" : "value");
    if (avro.full_name().empty())
        throw FatalError(
            format("The {} of topic {} is no record and has no name, which the subject's name strategy asks for",
                   options_.is_key ? "key" : "value", topic));
    return options_.subjects == Subjects::Record ? avro.full_name() : format("{}-{}", topic, avro.full_name());
}

Converted AvroConverter::append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                                const record::Value& value, record::Arena& arena) {
    if (value.is_null()) return {.is_null = true};
    if (!schema) throw FatalError("Avro needs records with a schema");
    Known& entry = known(schema);
    if (entry.id < 0 || entry.topic != topic) {
        entry.id = registry_.id_of(subject_of(topic, entry.avro), entry.avro.text());
        entry.topic = topic;
    }
    out += '\0';
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(entry.id >> shift & 0xFF);
    entry.avro.append(out, value, arena);
    return {};
}

}  // namespace millrace::convert
