#include "worker/registry_converters.h"

#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/text.h"
#include "convert/apicurio_registry.h"
#include "convert/avro_schema.h"
#include "convert/confluent_registry.h"
#include "convert/json_schema.h"
#include "convert/protobuf_schema.h"
#include "convert/registry_converter.h"

namespace millrace::worker {
namespace {

using config::Importance;
using config::Property;
using config::Support;
using config::Type;
using convert::ApicurioRegistry;
using convert::AvroSchema;
using convert::BearerToken;
using convert::ConfluentRegistry;
using convert::RegistryConverter;
using convert::SchemaRegistry;
using Subjects = RegistryConverter::Subjects;
using Framing = RegistryConverter::Framing;

constexpr const char* kConnectArtifact = "KCONNECT";  ///< Apicurio's word for Kafka Connect's own schemas.

// clang-format off
constexpr Property kConfluentProperties[] = {
    kConverterType,
    {.name = "schema.registry.url", .type = Type::List, .importance = Importance::High, .display_name = "schema.registry.url", .required = true, .documentation = "Addresses of a registry with Confluent's API (of Apicurio: /apis/ccompat/v7); the next is tried when one fails."},
    {.name = "auto.register.schemas", .type = Type::Boolean, .default_value = "true", .importance = Importance::Medium, .display_name = "auto.register.schemas", .documentation = "Whether a schema that the registry does not have is registered."},
    {.name = "use.latest.version", .type = Type::Boolean, .default_value = "false", .display_name = "use.latest.version", .documentation = "Whether the subject's newest schema is the one that counts; it must be the records'."},
    {.name = "basic.auth.credentials.source", .default_value = "URL", .importance = Importance::Medium, .display_name = "basic.auth.credentials.source", .allowed = "URL, USER_INFO", .documentation = "Where name and password are: USER_INFO is basic.auth.user.info."},
    {.name = "basic.auth.user.info", .type = Type::Password, .importance = Importance::Medium, .display_name = "basic.auth.user.info", .documentation = "NAME:PASSWORD"},
    {.name = "schema.registry.basic.auth.user.info", .type = Type::Password, .importance = Importance::Medium, .display_name = "schema.registry.basic.auth.user.info", .documentation = "The same under its older name."},
    {.name = "bearer.auth.credentials.source", .importance = Importance::Medium, .display_name = "bearer.auth.credentials.source", .allowed = "STATIC_TOKEN, OAUTHBEARER", .documentation = "STATIC_TOKEN: bearer.auth.token; OAUTHBEARER: a token of bearer.auth.issuer.endpoint.url."},
    {.name = "bearer.auth.token", .type = Type::Password, .importance = Importance::Medium, .display_name = "bearer.auth.token", .documentation = "The token."},
    {.name = "bearer.auth.issuer.endpoint.url", .importance = Importance::Medium, .display_name = "bearer.auth.issuer.endpoint.url", .documentation = "Where a token is to be had by OAuth's client credentials grant."},
    {.name = "bearer.auth.client.id", .importance = Importance::Medium, .display_name = "bearer.auth.client.id", .documentation = "For that."},
    {.name = "bearer.auth.client.secret", .type = Type::Password, .importance = Importance::Medium, .display_name = "bearer.auth.client.secret", .documentation = "For that."},
    {.name = "bearer.auth.scope", .importance = Importance::Medium, .display_name = "bearer.auth.scope", .documentation = "For that."},
    {.name = "bearer.auth.logical.cluster", .importance = Importance::Medium, .display_name = "bearer.auth.logical.cluster", .documentation = "The header target-sr-cluster of requests with a token."},
    {.name = "bearer.auth.identity.pool.id", .importance = Importance::Medium, .display_name = "bearer.auth.identity.pool.id", .documentation = "The header Confluent-Identity-Pool-Id of requests with a token."},
    {.name = "http.read.timeout.ms", .type = Type::Int, .default_value = "10000", .display_name = "http.read.timeout.ms", .least = 1, .documentation = "How long a registry may take to answer."},
    {.name = "schema.registry.ssl.(.+)", .documentation = "Key and trust stores, as Kafka's clients have them."},
    {.name = "key.subject.name.strategy", .type = Type::Class, .default_value = "io.confluent.kafka.serializers.subject.TopicNameStrategy", .importance = Importance::Medium, .display_name = "key.subject.name.strategy", .documentation = "TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy."},
    {.name = "value.subject.name.strategy", .type = Type::Class, .default_value = "io.confluent.kafka.serializers.subject.TopicNameStrategy", .importance = Importance::Medium, .display_name = "value.subject.name.strategy", .documentation = "The same for values."},
};

constexpr Property kMetaData = {.name = "connect.meta.data", .type = Type::Boolean, .default_value = "true", .display_name = "connect.meta.data", .documentation = "Whether schemas have connect.* properties."};

constexpr Property kConfluentAvroProperties[] = {
    kMetaData,
    {.name = "ignore.default.for.nullables", .type = Type::Boolean, .default_value = "false", .display_name = "ignore.default.for.nullables", .documentation = "Whether a null stays one where the field has a default."},
    {.name = "enhanced.avro.schema.support", .type = Type::Boolean, .default_value = "false", .display_name = "enhanced.avro.schema.support", .support = Support::NoEffect, .documentation = "Of schemas that were made from Avro's."},
    {.name = "schemas.cache.config", .type = Type::Int, .default_value = "1000", .display_name = "schemas.cache.config", .support = Support::NoEffect, .documentation = "10,000 schemas are remembered."},
};

constexpr Property kConfluentJsonProperties[] = {
    {.name = "ignore.default.for.nullables", .type = Type::Boolean, .default_value = "false", .display_name = "ignore.default.for.nullables", .documentation = "Whether a null stays one where the field has a default."},
    {.name = "decimal.format", .default_value = "BASE64", .display_name = "decimal.format", .allowed = "BASE64, NUMERIC", .ignores_case = true, .documentation = "How precise decimals are written. Their schema says number, as Confluent's does."},
    {.name = "object.additional.properties", .type = Type::Boolean, .default_value = "true", .importance = Importance::Medium, .display_name = "object.additional.properties", .documentation = "Whether objects may have properties that their schema does not name."},
    {.name = "json.oneof.for.nullables", .type = Type::Boolean, .default_value = "true", .display_name = "json.oneof.for.nullables", .support = Support::Refused, .documentation = "false would tell optional values by a list of types."},
    {.name = "json.(.+)|use.optional.for.nonrequired|generalized.sum.type.support|flatten.singleton.unions|schemas.cache.size", .support = Support::NoEffect, .documentation = "Of values that were read from JSON Schema, or of Java's objects."},
};

constexpr Property kConfluentProtobufProperties[] = {
    {.name = "optional.for.nullables", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .display_name = "optional.for.nullables", .documentation = "Whether optional values are proto3's optional, so that a null is told from 0 or an empty text."},
    {.name = "wrapper.for.nullables", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .display_name = "wrapper.for.nullables", .documentation = "The same by google.protobuf's wrappers; comes before the other."},
    {.name = "ignore.default.for.nullables", .type = Type::Boolean, .default_value = "false", .display_name = "ignore.default.for.nullables", .documentation = "Whether a null stays one where the field has a default."},
    {.name = "scrub.invalid.names", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .display_name = "scrub.invalid.names", .support = Support::Refused, .documentation = "schema.name.adjustment.mode and field.name.adjustment.mode of the connector do that."},
    {.name = "enhanced.protobuf.schema.support|generalized.sum.type.support|generate.index.for.unions|generated.index.for.unions|int.for.enums|wrapper.for.raw.primitives|flatten.unions|protobuf.(.+)|schemas.cache.config|latest.compatibility.strict|skip.known.types|reference.(.+)", .support = Support::NoEffect, .documentation = "Of values that were read from Protobuf, or of unions and enums."},
};

constexpr Property kApicurioProperties[] = {
    kConverterType,
    {.name = "apicurio.registry.url", .importance = Importance::High, .display_name = "apicurio.registry.url", .required = true, .documentation = "Where the registry's own API is: http://HOST:PORT/apis/registry/v2, or v3. The address tells which; without /apis/registry it is version 2."},
    {.name = "apicurio.registry.auto-register", .type = Type::Boolean, .default_value = "false", .importance = Importance::High, .display_name = "apicurio.registry.auto-register", .documentation = "Whether a schema that the registry does not have is registered."},
    {.name = "apicurio.registry.auto-register.if-exists", .default_value = "RETURN_OR_UPDATE", .importance = Importance::Medium, .display_name = "apicurio.registry.auto-register.if-exists", .allowed = "FAIL, UPDATE, RETURN, RETURN_OR_UPDATE", .documentation = "What the registry does if the artifact exists. Version 3 knows RETURN as RETURN_OR_UPDATE."},
    {.name = "apicurio.registry.find-latest", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .display_name = "apicurio.registry.find-latest", .documentation = "Without auto-register: whether the artifact's newest version is the one that counts; it must be the records'. Else the schema is looked for."},
    {.name = "apicurio.registry.artifact-resolver-strategy", .type = Type::Class, .default_value = "io.apicurio.registry.serde.strategy.TopicIdStrategy", .importance = Importance::Medium, .display_name = "apicurio.registry.artifact-resolver-strategy", .documentation = "What artifacts are called by: TopicIdStrategy, SimpleTopicIdStrategy, RecordIdStrategy, TopicRecordIdStrategy or QualifiedRecordIdStrategy."},
    {.name = "apicurio.registry.artifact.group-id", .display_name = "apicurio.registry.artifact.group-id", .documentation = "The group of all artifacts, whatever the strategy says."},
    {.name = "apicurio.registry.artifact.artifact-id", .display_name = "apicurio.registry.artifact.artifact-id", .documentation = "The one artifact for all schemas, whatever the strategy says."},
    {.name = "apicurio.registry.artifact.version", .display_name = "apicurio.registry.artifact.version", .support = Support::Refused, .documentation = "A fixed version."},
    {.name = "apicurio.registry.headers.enabled", .type = Type::Boolean, .importance = Importance::Medium, .display_name = "apicurio.registry.headers.enabled", .documentation = "Whether the id is in the record's headers (apicurio.value.globalId and its like) and not before the value. Default: true with version 2 of the API, false with 3, as Apicurio's converters of these versions have it."},
    {.name = "apicurio.registry.as-confluent", .type = Type::Boolean, .default_value = "false", .importance = Importance::Medium, .display_name = "apicurio.registry.as-confluent", .documentation = "Whether an id before the value has four bytes, not eight."},
    {.name = "apicurio.registry.id-handler", .type = Type::Class, .importance = Importance::Medium, .display_name = "apicurio.registry.id-handler", .documentation = "The same: DefaultIdHandler (eight bytes; the default with version 2), Legacy4ByteIdHandler or Default4ByteIdHandler (four; the default with version 3), OptimisticFallbackIdHandler (eight)."},
    {.name = "apicurio.registry.use-id", .importance = Importance::Medium, .display_name = "apicurio.registry.use-id", .allowed = "globalId, contentId", .documentation = "Which id. Default: globalId with version 2, contentId with 3."},
    {.name = "apicurio.auth.username", .importance = Importance::Medium, .display_name = "apicurio.auth.username", .documentation = "For basic authentication."},
    {.name = "apicurio.auth.password", .type = Type::Password, .importance = Importance::Medium, .display_name = "apicurio.auth.password", .documentation = "For basic authentication."},
    {.name = "apicurio.auth.service.token.endpoint", .display_name = "apicurio.auth.service.token.endpoint", .documentation = "Where a token is to be had by OAuth's client credentials grant."},
    {.name = "apicurio.auth.service.url", .display_name = "apicurio.auth.service.url", .documentation = "With the realm: the same, of Keycloak's address."},
    {.name = "apicurio.auth.realm", .display_name = "apicurio.auth.realm", .documentation = "See apicurio.auth.service.url."},
    {.name = "apicurio.auth.client.id", .display_name = "apicurio.auth.client.id", .documentation = "For a token."},
    {.name = "apicurio.auth.client.secret", .type = Type::Password, .display_name = "apicurio.auth.client.secret", .documentation = "For a token."},
    {.name = "apicurio.auth.client.scope", .display_name = "apicurio.auth.client.scope", .documentation = "For a token."},
    {.name = "apicurio.registry.request.ssl.(.+)", .documentation = "Key and trust stores: truststore.location, .type, .password, keystore.location, .type, .password, key.password."},
    {.name = "http.read.timeout.ms", .type = Type::Int, .default_value = "10000", .display_name = "http.read.timeout.ms", .least = 1, .documentation = "How long a registry may take to answer. Millrace's own."},
    {.name = "apicurio.registry.(check-period-ms|retry-count|retry-backoff-ms|cache-latest|fault-tolerant-refresh|dereference-schema|serializer.dereference-schema|deserializer.*|fallback.*|avro-datum-provider|use-specific-avro-reader|schema-resolver|serde.validation-enabled)", .support = Support::NoEffect, .documentation = "A schema is asked for once, and again as the task is tried again. It is registered with all records that it holds."},
};

constexpr Property kApicurioAvroProperties[] = {
    {.name = "apicurio.registry.avro.encoding", .default_value = "BINARY", .display_name = "apicurio.registry.avro.encoding", .allowed = "BINARY, JSON", .built = "BINARY", .documentation = "How values are written."},
    kMetaData,
};

constexpr Property kApicurioJsonProperties[] = {
    {.name = "decimal.format", .default_value = "BASE64", .display_name = "decimal.format", .allowed = "BASE64, NUMERIC", .ignores_case = true, .documentation = "How precise decimals are written."},
    {.name = "replace.null.with.default", .type = Type::Boolean, .default_value = "true", .display_name = "replace.null.with.default", .documentation = "Whether a field that is null is written with its default, if it has one."},
    {.name = "schemas.(enable|cache.size)", .support = Support::NoEffect, .documentation = "Schemas are in the registry; 10,000 are remembered."},
};
// clang-format on

std::vector<Property> together(std::span<const Property> all, std::span<const Property> own) {
    std::vector<Property> both(all.begin(), all.end());
    both.insert(both.end(), own.begin(), own.end());
    return both;
}

using MakeSchema = std::function<std::unique_ptr<convert::RegistrySchema>(const record::SchemaPtr&)>;

MakeSchema avro_schemas(const config::Settings& own) {
    const AvroSchema::Options options = {own.boolean("connect.meta.data", true),
                                         own.boolean("ignore.default.for.nullables", false)};
    return [options](const record::SchemaPtr& schema) { return std::make_unique<AvroSchema>(schema, options); };
}

convert::JsonConverterOptions json_values(const config::Settings& own, bool replaces_nulls) {
    return {false, replaces_nulls, iequals(own.text("decimal.format", "BASE64"), "NUMERIC")};
}

/// The strategy that a class stands for, by its name without the package.
template <size_t count>
Subjects subjects_of(const config::Settings& own, const std::string& property,
                     const std::array<std::pair<const char*, Subjects>, count>& known) {
    const std::string name = own.text(property, known[0].first);
    const std::string simple = name.substr(name.rfind('.') + 1);
    std::string names;
    for (const auto& [one, subjects] : known) {
        if (simple == one) return subjects;
        names += (names.empty() ? "" : ", ") + std::string(one);
    }
    throw ConfigError(
        property, format("The '{}' value is invalid: there is no strategy {}; there are {}", property, name, names));
}

}  // namespace

namespace {

BearerToken::Options token_options(const SchemaRegistry::Connection& connection) {
    BearerToken::Options token;
    token.tls = connection.tls;
    token.read_timeout_ms = connection.read_timeout_ms;
    return token;
}

/// bearer.auth.*
void add_confluent_token(const config::Settings& own, SchemaRegistry::Connection& connection) {
    const std::string source = own.text("bearer.auth.credentials.source");
    if (source.empty()) return;
    BearerToken::Options token = token_options(connection);
    const bool is_fixed = iequals(source, "STATIC_TOKEN");
    token.property = is_fixed ? "bearer.auth.token" : "bearer.auth.issuer.endpoint.url";
    (is_fixed ? token.fixed : token.endpoint) = own.text(token.property);
    if (own.text(token.property).empty())
        throw ConfigError(
            token.property,
            format("The '{}' value is invalid: bearer.auth.credentials.source={} asks for it", token.property, source));
    token.client_id = own.text("bearer.auth.client.id");
    token.client_secret = own.text("bearer.auth.client.secret");
    token.scope = own.text("bearer.auth.scope");
    connection.token = std::make_shared<BearerToken>(std::move(token));
    for (const auto& [property, header] : {std::pair("bearer.auth.logical.cluster", "target-sr-cluster"),
                                           std::pair("bearer.auth.identity.pool.id", "Confluent-Identity-Pool-Id")})
        if (const std::string value = own.text(property); !value.empty())
            connection.headers.emplace_back(header, value);
}

/// apicurio.auth.*, but for the name and password.
void add_apicurio_token(const config::Settings& own, SchemaRegistry::Connection& connection) {
    BearerToken::Options token = token_options(connection);
    token.property = "apicurio.auth.service.token.endpoint";
    token.endpoint = own.text(token.property);
    const std::string service = own.text("apicurio.auth.service.url"), realm = own.text("apicurio.auth.realm");
    if (service.empty() != realm.empty())
        throw ConfigError(service.empty() ? "apicurio.auth.service.url" : "apicurio.auth.realm",
                          "apicurio.auth.service.url and apicurio.auth.realm are used together");
    if (token.endpoint.empty() && !service.empty()) {
        token.property = "apicurio.auth.service.url";
        token.endpoint = format("{}/realms/{}/protocol/openid-connect/token", service, net::encode_segment(realm));
    }
    if (token.endpoint.empty()) return;
    token.client_id = own.text("apicurio.auth.client.id");
    token.client_secret = own.text("apicurio.auth.client.secret");
    token.scope = own.text("apicurio.auth.client.scope");
    connection.token = std::make_shared<BearerToken>(std::move(token));
}

std::unique_ptr<RegistryConverter> make_confluent(const config::Settings& own, bool is_key,
                                                  const std::string& schema_type, MakeSchema make_schema) {
    SchemaRegistry::Connection connection;
    connection.property = "schema.registry.url";
    connection.urls = own.list(connection.property);
    if (connection.urls.empty())
        throw ConfigError(connection.property,
                          "Missing required configuration \"schema.registry.url\" which has no default value.");
    if (iequals(own.text("basic.auth.credentials.source", "URL"), "USER_INFO"))
        connection.user_and_password =
            own.text("basic.auth.user.info", own.text("schema.registry.basic.auth.user.info"));
    connection.read_timeout_ms = own.integer("http.read.timeout.ms", 10'000);
    connection.tls = net::Tls::from([&](const std::string& name) { return own.text("schema.registry." + name); },
                                    "schema.registry.");
    add_confluent_token(own, connection);
    constexpr std::array<std::pair<const char*, Subjects>, 3> strategies = {
        {{"TopicNameStrategy", Subjects::Topic},
         {"RecordNameStrategy", Subjects::Record},
         {"TopicRecordNameStrategy", Subjects::TopicRecord}}};
    RegistryConverter::Options options;
    options.make_schema = std::move(make_schema);
    options.is_key = is_key;
    options.subjects =
        subjects_of(own, is_key ? "key.subject.name.strategy" : "value.subject.name.strategy", strategies);
    const ConfluentRegistry::Options registry = {own.boolean("auto.register.schemas", true),
                                                 own.boolean("use.latest.version", false), schema_type};
    return std::make_unique<RegistryConverter>(std::make_unique<ConfluentRegistry>(std::move(connection), registry),
                                               std::move(options));
}

}  // namespace

std::span<const Property> confluent_avro_properties() {
    static const auto all = together(kConfluentProperties, kConfluentAvroProperties);
    return all;
}

std::unique_ptr<RegistryConverter> make_confluent_avro(const config::Settings& own, bool is_key) {
    return make_confluent(own, is_key, "", avro_schemas(own));
}

std::span<const Property> confluent_json_properties() {
    static const auto all = together(kConfluentProperties, kConfluentJsonProperties);
    return all;
}

std::unique_ptr<RegistryConverter> make_confluent_json(const config::Settings& own, bool is_key) {
    const convert::JsonSchema::Options options = {json_values(own, !own.boolean("ignore.default.for.nullables", false)),
                                                  own.boolean("object.additional.properties", true)};
    return make_confluent(own, is_key, "JSON", [options](const record::SchemaPtr& schema) {
        return std::make_unique<convert::JsonSchema>(schema, options);
    });
}

namespace {

/// With /apis/registry/v2 behind an address that has no path.
std::string api_url(std::string url, ApicurioRegistry::Api& api) {
    while (url.ends_with('/')) url.pop_back();
    api = url.ends_with("/v3") ? ApicurioRegistry::Api::V3 : ApicurioRegistry::Api::V2;
    if (url.find("/apis/registry/") == std::string::npos) url += "/apis/registry/v2";
    return url;
}

Framing framing_of(const config::Settings& own, bool is_v3) {
    if (own.boolean("apicurio.registry.headers.enabled", !is_v3)) return Framing::Headers;
    if (own.boolean("apicurio.registry.as-confluent", false)) return Framing::FourBytes;
    const std::string name = own.text("apicurio.registry.id-handler");
    const std::string handler = name.substr(name.rfind('.') + 1);
    if (handler.empty()) return is_v3 ? Framing::FourBytes : Framing::EightBytes;
    if (handler == "DefaultIdHandler" || handler == "OptimisticFallbackIdHandler") return Framing::EightBytes;
    if (handler == "Legacy4ByteIdHandler" || handler == "Default4ByteIdHandler") return Framing::FourBytes;
    throw ConfigError("apicurio.registry.id-handler",
                      format("The 'apicurio.registry.id-handler' value is invalid: there is no {}; use "
                             "DefaultIdHandler or Legacy4ByteIdHandler",
                             name));
}

std::unique_ptr<RegistryConverter> make_apicurio(const config::Settings& own, bool is_key,
                                                 const std::string& artifact_type, MakeSchema make_schema) {
    SchemaRegistry::Connection connection;
    connection.property = "apicurio.registry.url";
    ApicurioRegistry::Options registry;
    if (own.text(connection.property).empty())
        throw ConfigError(connection.property,
                          "Missing required configuration \"apicurio.registry.url\" which has no default value.");
    connection.urls = {api_url(own.text(connection.property), registry.api)};
    const bool is_v3 = registry.api == ApicurioRegistry::Api::V3;
    if (!own.text("apicurio.auth.username").empty())
        connection.user_and_password = own.text("apicurio.auth.username") + ":" + own.text("apicurio.auth.password");
    connection.read_timeout_ms = own.integer("http.read.timeout.ms", 10'000);
    connection.tls =
        net::Tls::from([&](const std::string& name) { return own.text("apicurio.registry.request." + name); },
                       "apicurio.registry.request.");
    add_apicurio_token(own, connection);
    registry.auto_register = own.boolean("apicurio.registry.auto-register", false);
    registry.if_exists = own.text("apicurio.registry.auto-register.if-exists", "RETURN_OR_UPDATE");
    registry.find_latest = own.boolean("apicurio.registry.find-latest", false);
    registry.is_content_id = own.text("apicurio.registry.use-id", is_v3 ? "contentId" : "globalId") == "contentId";
    constexpr std::array<std::pair<const char*, Subjects>, 5> strategies = {
        {{"TopicIdStrategy", Subjects::Topic},
         {"SimpleTopicIdStrategy", Subjects::PlainTopic},
         {"RecordIdStrategy", Subjects::RecordInGroup},
         {"TopicRecordIdStrategy", Subjects::TopicRecordInGroup},
         {"QualifiedRecordIdStrategy", Subjects::Record}}};
    registry.artifact_type = artifact_type;
    RegistryConverter::Options options;
    options.make_schema = std::move(make_schema);
    options.is_key = is_key;
    options.subjects = subjects_of(own, "apicurio.registry.artifact-resolver-strategy", strategies);
    options.group = own.text("apicurio.registry.artifact.group-id");
    options.subject = own.text("apicurio.registry.artifact.artifact-id");
    options.framing = artifact_type == kConnectArtifact ? Framing::Around : framing_of(own, is_v3);
    options.is_content_id = registry.is_content_id;
    return std::make_unique<RegistryConverter>(
        std::make_unique<ApicurioRegistry>(std::move(connection), std::move(registry)), std::move(options));
}

}  // namespace

std::span<const Property> confluent_protobuf_properties() {
    static const auto all = together(kConfluentProperties, kConfluentProtobufProperties);
    return all;
}

std::unique_ptr<RegistryConverter> make_confluent_protobuf(const config::Settings& own, bool is_key) {
    const convert::ProtobufSchema::Options options = {own.boolean("optional.for.nullables", false),
                                                      own.boolean("wrapper.for.nullables", false),
                                                      own.boolean("ignore.default.for.nullables", false)};
    return make_confluent(own, is_key, "PROTOBUF", [options](const record::SchemaPtr& schema) {
        return std::make_unique<convert::ProtobufSchema>(schema, options);
    });
}

std::span<const Property> apicurio_avro_properties() {
    static const auto all = together(kApicurioProperties, kApicurioAvroProperties);
    return all;
}

std::unique_ptr<RegistryConverter> make_apicurio_avro(const config::Settings& own, bool is_key) {
    return make_apicurio(own, is_key, "AVRO", avro_schemas(own));
}

std::span<const Property> apicurio_json_properties() {
    static const auto all = together(kApicurioProperties, kApicurioJsonProperties);
    return all;
}

std::unique_ptr<RegistryConverter> make_apicurio_json(const config::Settings& own, bool is_key) {
    const auto values = json_values(own, own.boolean("replace.null.with.default", true));
    return make_apicurio(own, is_key, kConnectArtifact, [values](const record::SchemaPtr& schema) {
        return std::make_unique<convert::ConnectJsonSchema>(schema, values);
    });
}

}  // namespace millrace::worker
