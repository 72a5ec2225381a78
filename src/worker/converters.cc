#include "worker/converters.h"

#include "base/errors.h"
#include "base/text.h"

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
    {.name = "converter.type", .display_name = "converter.type", .order = -1, .support = Support::NoEffect, .documentation = "key or value."},
    {.name = "schemas.cache.size", .type = Type::Int, .default_value = "1000", .importance = Importance::High, .group = "Schemas", .width = Width::Medium, .display_name = "Schema Cache Size", .order = 1, .support = Support::NoEffect},
    {.name = "replace.null.with.default", .type = Type::Boolean, .default_value = "true", .group = "Serialization", .width = Width::Medium, .display_name = "Replace null with default", .order = 1, .documentation = "Whether a field that is null is written with its default, if it has one."},
    {.name = "schemas.enable", .type = Type::Boolean, .default_value = "true", .importance = Importance::High, .group = "Schemas", .width = Width::Medium, .display_name = "Enable Schemas", .documentation = "Whether each record carries its schema."},
};

constexpr Property kStringProperties[] = {
    {.name = "converter.type", .display_name = "converter.type", .order = -1, .support = Support::NoEffect, .documentation = "key or value."},
    {.name = "converter.encoding", .default_value = "UTF-8", .importance = Importance::High, .width = Width::Medium, .display_name = "Encoding", .order = -1, .support = Support::Refused, .documentation = "Texts are written in UTF-8."},
};

constexpr Property kHeaderProperties[] = {
    {.name = "converter.type", .display_name = "converter.type", .order = -1, .support = Support::NoEffect, .documentation = "header."},
};
// clang-format on

bool is_class(const std::string& name, std::string_view full) {
    return name == full || name == full.substr(full.rfind('.') + 1);
}

}  // namespace

ConverterChoice converter_choice(const config::Settings& connector, const config::Settings& worker,
                                 const std::string& prefix) {
    // A connector that names its own converter brings all of that converter's options itself.
    const config::Settings& from = connector.text(prefix).empty() ? worker : connector;
    const std::string converter = from.text(prefix, kJsonConverter);
    if (is_class(converter, kStringConverter)) {
        ConverterChoice choice;
        choice.is_string = true;
        choice.json.replace_null_with_default = false;  // toString() leaves nulls out
        return choice;
    }
    if (!is_class(converter, kJsonConverter))
        throw ConfigError(prefix, format("The '{}' value is invalid: {} is not supported by Millrace yet; use {} or {}",
                                         prefix, converter, kJsonConverter, kStringConverter));
    ConverterChoice choice;
    choice.json.schemas_enable = from.boolean(prefix + ".schemas.enable", true);
    choice.json.replace_null_with_default = from.boolean(prefix + ".replace.null.with.default", true);
    choice.json.decimals_are_numbers = iequals(from.text(prefix + ".decimal.format", "BASE64"), "NUMERIC");
    return choice;
}

const config::PropertyTable& converter_properties(const std::string& class_name) {
    static const config::PropertyTable json({std::begin(kJsonProperties), std::end(kJsonProperties)},
                                            config::Words::Kafka);
    static const config::PropertyTable string({std::begin(kStringProperties), std::end(kStringProperties)},
                                              config::Words::Kafka);
    static const config::PropertyTable header({std::begin(kHeaderProperties), std::end(kHeaderProperties)},
                                              config::Words::Kafka);
    static const config::PropertyTable none({}, config::Words::Kafka);
    if (is_class(class_name, kJsonConverter)) return json;
    if (is_class(class_name, kStringConverter)) return string;
    return is_class(class_name, kSimpleHeaderConverter) ? header : none;
}

}  // namespace millrace::worker
