#include "convert/registry_converter.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::convert {
namespace {

void append_big_endian(std::string& out, int64_t id, int bytes) {
    constexpr int kByteBits = 8;
    for (int shift = (bytes - 1) * kByteBits; shift >= 0; shift -= kByteBits)
        out += static_cast<char>(id >> shift & 0xFF);
}

}  // namespace

RegistryConverter::RegistryConverter(std::unique_ptr<SchemaRegistry> registry, Options options)
    : registry_(std::move(registry)), options_(std::move(options)) {
    if (options_.is_key)
        headers_[0].name = options_.is_content_id ? "apicurio.key.contentId" : "apicurio.key.globalId";
    else
        headers_[0].name = options_.is_content_id ? "apicurio.value.contentId" : "apicurio.value.globalId";
    headers_[1] = {options_.is_key ? "apicurio.key.encoding" : "apicurio.value.encoding", "BINARY"};
}

RegistryConverter::Known& RegistryConverter::known(const record::SchemaPtr& schema) {
    if (known_.size() >= kSchemasMax && !known_.contains(schema.get())) known_.clear();
    auto& entry = known_[schema.get()];
    if (entry == nullptr) entry = std::make_unique<Known>(Known{schema, options_.make_schema(schema), {}, -1});
    return *entry;
}

SchemaRegistry::Subject RegistryConverter::subject_of(std::string_view topic, const RegistrySchema& own_schema) const {
    SchemaRegistry::Subject subject;
    const char* side = options_.is_key ? "key" : "value";
    const bool is_of_topic = options_.subjects == Subjects::Topic || options_.subjects == Subjects::PlainTopic;
    const std::string full = is_of_topic ? "" : own_schema.full_name();
    if (!is_of_topic && full.empty() && options_.subject.empty())
        throw FatalError(
            format("The {} of topic {} is no record and has no name, which the strategy for the names of "
                   "its schemas asks for",
                   side, topic));
    const size_t dot = full.rfind('.');
    const std::string own = dot == std::string::npos ? full : full.substr(dot + 1);
    const std::string space = dot == std::string::npos ? "" : full.substr(0, dot);
    switch (options_.subjects) {
        case Subjects::Topic:
            subject.name = format("{}-{}", topic, side);
            break;
        case Subjects::PlainTopic:
            subject.name = topic;
            break;
        case Subjects::Record:
            subject.name = full;
            break;
        case Subjects::TopicRecord:
            subject.name = format("{}-{}", topic, full);
            break;
        case Subjects::RecordInGroup:
            subject = {space, own};
            break;
        case Subjects::TopicRecordInGroup:
            subject = {space, format("{}-{}", topic, own)};
            break;
    }
    if (!options_.group.empty()) subject.group = options_.group;
    if (!options_.subject.empty()) subject.name = options_.subject;
    return subject;
}

Converted RegistryConverter::append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                                    const record::Value& value, record::Arena& arena) {
    header_count_ = 0;
    if (value.is_null()) return {.is_null = true};
    if (!schema) throw FatalError("A converter with a schema registry needs records with a schema");
    Known& entry = known(schema);
    if (entry.id < 0 || entry.topic != topic) {
        entry.id = registry_->id_of(subject_of(topic, *entry.own), entry.own->text());
        entry.topic = topic;
    }
    last_id_ = entry.id;
    frame(out, entry.id);
    entry.own->append(out, value, arena);
    if (options_.framing == Framing::Around) out += '}';
    return {};
}

void RegistryConverter::frame(std::string& out, int64_t id) {
    if (options_.framing == Framing::Headers) {
        headers_[0].value.clear();
        append_big_endian(headers_[0].value, id, sizeof(int64_t));
        header_count_ = headers_.size();
        return;
    }
    if (options_.framing == Framing::Around) {
        out += format("{{\"schemaId\":{},\"payload\":", id);
        return;
    }
    out += '\0';
    append_big_endian(out, id, options_.framing == Framing::FourBytes ? sizeof(int32_t) : sizeof(int64_t));
}

}  // namespace millrace::convert
