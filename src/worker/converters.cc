#include "worker/converters.h"

#include <algorithm>
#include <map>
#include <span>

#include "base/errors.h"
#include "base/text.h"
#include "convert/cloud_events_converter.h"
#include "convert/plain_converters.h"
#include "events/name_adjustment.h"
#include "transform/chain.h"
#include "worker/registry_converters.h"

namespace millrace::worker {
namespace {

using config::Importance;
using config::Property;
using config::Support;
using config::Type;
using config::Width;

constexpr const char* kJsonConverter = "org.apache.kafka.connect.json.JsonConverter";
constexpr const char* kStringConverter = "org.apache.kafka.connect.storage.StringConverter";
constexpr const char* kSimpleHeaderConverter = "org.apache.kafka.connect.storage.SimpleHeaderConverter";
// clang-format off
constexpr Property kJsonProperties[] = {
    {.name = "decimal.format", .default_value = "BASE64", .group = "Serialization", .width = Width::Medium, .display_name = "Decimal Format", .allowed = "BASE64, NUMERIC", .ignores_case = true, .documentation = "How precise decimals are written."},
    kConverterType,
    {.name = "schemas.cache.size", .type = Type::Int, .default_value = "1000", .importance = Importance::High, .group = "Schemas", .width = Width::Medium, .display_name = "Schema Cache Size", .order = 1, .support = Support::NoEffect},
    {.name = "replace.null.with.default", .type = Type::Boolean, .default_value = "true", .group = "Serialization", .width = Width::Medium, .display_name = "Replace null with default", .order = 1, .documentation = "Whether a field that is null is written with its default, if it has one."},
    {.name = "schemas.enable", .type = Type::Boolean, .default_value = "true", .importance = Importance::High, .group = "Schemas", .width = Width::Medium, .display_name = "Enable Schemas", .documentation = "Whether each record carries its schema."},
};

constexpr Property kStringProperties[] = {
    kConverterType,
    {.name = "converter.encoding", .default_value = "UTF-8", .importance = Importance::High, .width = Width::Medium, .display_name = "Encoding", .order = -1, .support = Support::Refused, .documentation = "Texts are written in UTF-8."},
};

constexpr Property kPlainProperties[] = {
    kConverterType,
};

constexpr Property kBinaryProperties[] = {
    kConverterType,
    {.name = "delegate.converter.type", .display_name = "Delegate converter type", .documentation = "The converter of values that are no bytes; its options stand behind delegate.converter.type."},
};

constexpr Property kCloudEventsProperties[] = {
    kConverterType,
    {.name = "serializer.type", .default_value = "json", .importance = Importance::High, .display_name = "serializer.type", .allowed = "json, avro", .documentation = "How events are written; avro asks for data in Avro."},
    {.name = "data.serializer.type", .default_value = "json", .importance = Importance::High, .display_name = "data.serializer.type", .allowed = "json, avro", .documentation = "How their data is written: avro puts Avro's bytes, in JSON as base64, with the schema's address in dataschema."},
    {.name = "json.(.+)", .documentation = "Options of JsonConverter for the data."},
    {.name = "avro.(.+)", .documentation = "Options of the Avro converter: Confluent's with avro.schema.registry.url, Apicurio's with avro.apicurio.registry.url."},
    {.name = "opentelemetry.tracing.attributes.enable", .type = Type::Boolean, .default_value = "false", .importance = Importance::High, .display_name = "opentelemetry.tracing.attributes.enable", .documentation = "Whether events carry traceparent."},
    {.name = "extension.attributes.enable", .type = Type::Boolean, .default_value = "true", .importance = Importance::High, .display_name = "extension.attributes.enable", .documentation = "Whether they carry iodebezium* attributes."},
    {.name = "schema.name.adjustment.mode", .default_value = "avro", .display_name = "schema.name.adjustment.mode", .allowed = "none, avro, avro_unicode", .documentation = "Of the name of an event's schema in Avro."},
    {.name = "schema.cloudevents.name", .display_name = "schema.cloudevents.name", .documentation = "The name of an event's schema in Avro. Default: SERVER.DATABASE.CloudEvents.Envelope."},
    {.name = "schema.data.name.source.header.enable", .type = Type::Boolean, .default_value = "false", .display_name = "schema.data.name.source.header.enable", .documentation = "Whether a header dataSchemaName names the data's schema."},
    {.name = "metadata.source", .type = Type::List, .default_value = "value,id:generate,type:generate,traceparent:header,dataSchemaName:generate", .importance = Importance::High, .display_name = "metadata.source", .documentation = "Where source, operation and transaction come from (value or header), and the id, type, traceparent and dataSchemaName (header or generate)."},
};

// clang-format on

bool is_class(const std::string& name, std::string_view full) {
    return name == full || name == full.substr(full.rfind('.') + 1);
}

/// Of one side: the connector's class with its options, or else the worker's with its own.
struct Named {
    std::string class_name;
    config::Settings own;  ///< Without the prefix.
};

/// A connector that names its own converter brings all of that converter's options itself.
Named named(const config::Settings& connector, const config::Settings& worker, const std::string& side,
            const char* fallback) {
    const config::Settings& from = connector.text(side).empty() ? worker : connector;
    return {from.text(side, fallback), from.below(side + ".")};
}

convert::JsonConverterOptions json_options(const config::Settings& own) {
    return {own.boolean("schemas.enable", true), own.boolean("replace.null.with.default", true),
            iequals(own.text("decimal.format", "BASE64"), "NUMERIC")};
}

bool is_avro(const config::Settings& own, const char* serializer) {
    const std::string name = own.text(serializer, "json");
    if (!iequals(name, "json") && !iequals(name, "avro"))
        throw ConfigError(serializer,
                          format("The '{}' value is invalid: {} is neither json nor avro", serializer, name));
    return iequals(name, "avro");
}

/// The data's converter, with the registry whose address is set.
std::unique_ptr<convert::RegistryConverter> make_events_avro(config::Settings avro, std::string& registry) {
    const char* url = avro.text("apicurio.registry.url").empty() ? "schema.registry.url" : "apicurio.registry.url";
    registry = join(avro.list(url), ",");
    if (registry.empty())
        throw ConfigError("avro.schema.registry.url",
                          "The 'avro.schema.registry.url' value is invalid: Avro needs a registry, by this property or "
                          "avro.apicurio.registry.url");
    avro.set("apicurio.registry.headers.enabled", "false");  // data within an event have no headers
    try {
        return std::string_view(url) == "schema.registry.url" ? make_confluent_avro(avro, false)
                                                              : make_apicurio_avro(avro, false);
    } catch (const ConfigError& fault) {
        throw ConfigError("avro." + fault.property(), fault.what());
    }
}

std::unique_ptr<convert::Converter> make_cloud_events(const config::Settings& own, bool /*is_key*/) {
    convert::CloudEventsConverter::Options options;
    options.is_avro = is_avro(own, "serializer.type");
    const bool is_data_avro = is_avro(own, "data.serializer.type");
    if (options.is_avro && !is_data_avro)
        throw ConfigError(
            "data.serializer.type",
            "The 'data.serializer.type' value is invalid: events in Avro hold data in Avro; set it to avro");
    options.data = json_options(own.below("json."));
    options.has_extensions = own.boolean("extension.attributes.enable", true);
    options.has_trace_parent = own.boolean("opentelemetry.tracing.attributes.enable", false);
    options.read_metadata_source(
        own.text("metadata.source", "value,id:generate,type:generate,traceparent:header,dataSchemaName:generate"),
        own.boolean("schema.data.name.source.header.enable", false));
    options.schema_name = own.text("schema.cloudevents.name");
    config::Settings names;
    names.set("schema.name.adjustment.mode", own.text("schema.name.adjustment.mode", "avro"));
    options.adjust_name = [adjustment = events::NameAdjustment::from(names, events::NameAdjustment::Of::Schemas)](
                              const std::string& name) { return adjustment.apply(name); };
    auto avro = is_data_avro ? make_events_avro(own.below("avro."), options.registry) : nullptr;
    return std::make_unique<convert::CloudEventsConverter>(std::move(options), std::move(avro));
}

using Made = std::unique_ptr<convert::Converter>;

Made make_json(const config::Settings& own, bool /*is_key*/) {
    return std::make_unique<convert::JsonConverter>(json_options(own));
}

template <typename Converter>
Made make_plain(const config::Settings& /*own*/, bool /*is_key*/) {
    return std::make_unique<Converter>();
}

template <record::Type type>
Made make_primitive(const config::Settings& /*own*/, bool /*is_key*/) {
    return std::make_unique<convert::PrimitiveConverter>(type);
}

template <auto make_avro>
Made make_of(const config::Settings& own, bool is_key) {
    return make_avro(own, is_key);
}

Made make_binary(const config::Settings& own, bool is_key);

/// Every class of converters there is.
struct ConverterType {
    std::string_view class_name;
    std::span<const Property> properties;
    Made (*make)(const config::Settings& own, bool is_key);  ///< From its own settings. Throws ConfigError.
};
const ConverterType kConverters[] = {
    {kJsonConverter, kJsonProperties, make_json},
    {kStringConverter, kStringProperties, make_plain<convert::StringConverter>},
    {"org.apache.kafka.connect.converters.ByteArrayConverter", kPlainProperties,
     make_plain<convert::ByteArrayConverter>},
    {"org.apache.kafka.connect.converters.ShortConverter", kPlainProperties, make_primitive<record::Type::Int16>},
    {"org.apache.kafka.connect.converters.IntegerConverter", kPlainProperties, make_primitive<record::Type::Int32>},
    {"org.apache.kafka.connect.converters.LongConverter", kPlainProperties, make_primitive<record::Type::Int64>},
    {"org.apache.kafka.connect.converters.FloatConverter", kPlainProperties, make_primitive<record::Type::Float32>},
    {"org.apache.kafka.connect.converters.DoubleConverter", kPlainProperties, make_primitive<record::Type::Float64>},
    {"org.apache.kafka.connect.converters.BooleanConverter", kPlainProperties, make_primitive<record::Type::Boolean>},
    {"io.debezium.converters.BinaryDataConverter", kBinaryProperties, make_binary},
    {"io.debezium.converters.ByteArrayConverter", kBinaryProperties, make_binary},
    {"io.debezium.converters.CloudEventsConverter", kCloudEventsProperties, make_cloud_events},
    {"io.confluent.connect.avro.AvroConverter", confluent_avro_properties(), make_of<make_confluent_avro>},
    {"io.confluent.connect.json.JsonSchemaConverter", confluent_json_properties(), make_of<make_confluent_json>},
    {"io.confluent.connect.protobuf.ProtobufConverter", confluent_protobuf_properties(),
     make_of<make_confluent_protobuf>},
    {"io.apicurio.registry.utils.converter.ExtJsonConverter", apicurio_json_properties(), make_of<make_apicurio_json>},
    {"io.apicurio.registry.utils.converter.AvroConverter", apicurio_avro_properties(), make_of<make_apicurio_avro>},
    {kSimpleHeaderConverter, kPlainProperties, make_plain<convert::SimpleHeaderConverter>}};

/// By its full or simple name; nullptr: there is none.
const ConverterType* find_converter(const std::string& name) {
    const auto found = std::find_if(std::begin(kConverters), std::end(kConverters),
                                    [&](const auto& type) { return is_class(name, type.class_name); });
    return found == std::end(kConverters) ? nullptr : &*found;
}

/// Throws ConfigError that names the property in full.
Made make(const Named& wanted, const std::string& property, bool is_key) {
    const auto* type = find_converter(wanted.class_name);
    if (type == nullptr)
        throw ConfigError(
            property, format("The '{}' value is invalid: {} is not supported by Millrace yet; use {} or {}", property,
                             wanted.class_name, kJsonConverter, kStringConverter));
    try {
        return type->make(wanted.own, is_key);
    } catch (const ConfigError& fault) {
        throw ConfigError(format("{}.{}", property, fault.property()), fault.what());
    }
}

Made make_binary(const config::Settings& own, bool is_key) {
    constexpr const char* kDelegate = "delegate.converter.type";
    const std::string delegate = own.text(kDelegate);
    if (delegate.empty()) return std::make_unique<convert::BinaryDataConverter>(nullptr);
    return std::make_unique<convert::BinaryDataConverter>(
        make({delegate, own.below(std::string(kDelegate) + ".")}, kDelegate, is_key));
}

}  // namespace

std::unique_ptr<convert::Converter> make_converter(const config::Settings& connector, const config::Settings& worker,
                                                   const std::string& side) {
    const bool is_header = side == "header.converter";
    return make(named(connector, worker, side, is_header ? kSimpleHeaderConverter : kJsonConverter), side,
                side == "key.converter");
}

RecordPath record_path(const config::Settings& connector, const config::Settings& worker,
                       std::function<void(bool is_kept)> skipped) {
    const Named key = named(connector, worker, "key.converter", kJsonConverter);
    const Named value = named(connector, worker, "value.converter", kJsonConverter);
    const Named header = named(connector, worker, "header.converter", kSimpleHeaderConverter);
    const unsigned parts = transform::Chain::of(connector).parts();
    const bool has_transforms = !connector.list("transforms").empty();
    const bool has_simple_headers = is_class(header.class_name, kSimpleHeaderConverter);
    // What a source writes says all of it, in the form that is read.
    const auto is_readable = [](const Named& side) {
        const auto options = json_options(side.own);
        return options.schemas_enable && !options.decimals_are_numbers;
    };
    const bool is_read = (parts & transform::kReads) != 0;
    RecordPath path;
    path.is_open = (parts & (transform::kKey | transform::kValue)) != 0 || !has_simple_headers ||
                   !is_class(key.class_name, kJsonConverter) || !is_class(value.class_name, kJsonConverter) ||
                   (is_read && !(is_readable(key) && is_readable(value)));
    if (!path.is_open) {
        path.key_json = json_options(key.own);
        path.value_json = json_options(value.own);
    } else {
        path.key_json.replace_null_with_default = path.value_json.replace_null_with_default = false;
    }
    if (!path.is_open && !has_transforms) return path;
    path.make_stage = [connector, worker, has_simple_headers, is_read, is_open = path.is_open,
                       skipped = std::move(skipped)] {
        engine::RecordStage::Options options;
        options.chain = transform::Chain::of(connector);
        options.is_open = is_open;
        options.is_read = is_read && !is_open;
        options.key = make_converter(connector, worker, "key.converter");
        options.value = make_converter(connector, worker, "value.converter");
        options.header = make_converter(connector, worker, "header.converter");
        options.has_simple_headers = has_simple_headers;
        options.faults = {iequals(connector.text("errors.tolerance"), "all"),
                          connector.text("errors.deadletterqueue.topic.name"),
                          connector.boolean("errors.deadletterqueue.context.headers.enable"),
                          connector.boolean("errors.log.include.messages"),
                          connector.text("name"),
                          skipped};
        return std::make_unique<engine::RecordStage>(std::move(options));
    };
    return path;
}

std::vector<std::string_view> converter_classes() {
    std::vector<std::string_view> all;
    for (const auto& type : kConverters)
        if (type.class_name != kSimpleHeaderConverter) all.push_back(type.class_name);
    return all;
}

const config::PropertyTable& converter_properties(const std::string& class_name) {
    static const auto tables = [] {
        std::map<std::string_view, config::PropertyTable> made;
        for (const auto& type : kConverters)
            made.try_emplace(type.class_name, std::vector(type.properties.begin(), type.properties.end()),
                             config::Words::Kafka);
        return made;
    }();
    static const config::PropertyTable none({}, config::Words::Kafka);
    const auto* type = find_converter(class_name);
    return type == nullptr ? none : tables.at(type->class_name);
}

}  // namespace millrace::worker
