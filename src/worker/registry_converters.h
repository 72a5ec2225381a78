#pragma once

#include <memory>
#include <span>

#include "config/property_table.h"
#include "config/settings.h"
#include "convert/registry_converter.h"

/// The converters with a schema registry that users have, by their options.
namespace millrace::worker {

/// What every converter's table begins with.
constexpr config::Property kConverterType = {.name = "converter.type",
                                             .display_name = "converter.type",
                                             .order = -1,
                                             .support = config::Support::NoEffect,
                                             .documentation = "key, value or header."};

/// io.confluent.connect.avro.AvroConverter (AvroConverterConfig, AbstractKafkaSchemaSerDeConfig).
std::span<const config::Property> confluent_avro_properties();
/// From its own settings, without the prefix. Throws ConfigError.
std::unique_ptr<convert::RegistryConverter> make_confluent_avro(const config::Settings& own, bool is_key);

/// io.confluent.connect.json.JsonSchemaConverter (JsonSchemaConverterConfig).
std::span<const config::Property> confluent_json_properties();
std::unique_ptr<convert::RegistryConverter> make_confluent_json(const config::Settings& own, bool is_key);

/// io.confluent.connect.protobuf.ProtobufConverter (ProtobufConverterConfig, ProtobufDataConfig).
std::span<const config::Property> confluent_protobuf_properties();
std::unique_ptr<convert::RegistryConverter> make_confluent_protobuf(const config::Settings& own, bool is_key);

/// io.apicurio.registry.utils.converter.AvroConverter (SerdeConfig, SchemaResolverConfig of its version 2).
std::span<const config::Property> apicurio_avro_properties();
std::unique_ptr<convert::RegistryConverter> make_apicurio_avro(const config::Settings& own, bool is_key);

/// io.apicurio.registry.utils.converter.ExtJsonConverter
std::span<const config::Property> apicurio_json_properties();
std::unique_ptr<convert::RegistryConverter> make_apicurio_json(const config::Settings& own, bool is_key);

}  // namespace millrace::worker
