#include "convert/schema_reader.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "convert/json_converter.h"
#include "record/json_value.h"

namespace millrace::convert {
namespace {

constexpr std::string_view kHead = "{\"schema\":";
constexpr std::string_view kPayload = ",\"payload\":";

/// A default as the converter writes it: numbers and texts keep their form.
std::string written_default(const record::SchemaPtr& schema, const std::string& json) {
    record::Arena arena;
    std::string out;
    JsonConverter({.replace_null_with_default = false})
        .append_payload(out, schema, record::opened_whole(*schema, record::Value::json(json), arena), arena);
    return out;
}

record::SchemaPtr schema_of(const Json& json) {
    record::Schema schema;
    const auto type = record::type_of(json.value("type", ""));
    if (!type) throw FatalError(format("A schema has the type {}, which there is not", json.value("type", "")));
    schema.type = *type;
    schema.optional = json.value("optional", false);
    schema.name = json.value("name", "");
    schema.doc = json.value("doc", "");
    if (const auto version = json.find("version"); version != json.end()) schema.version = version->get<int>();
    if (const auto all = json.find("parameters"); all != json.end())
        for (const auto& [name, value] : all->items()) schema.parameters.emplace_back(name, value.get<std::string>());
    if (const auto items = json.find("items"); items != json.end()) schema.items = schema_of(*items);
    if (const auto keys = json.find("keys"); keys != json.end()) schema.keys = schema_of(*keys);
    if (const auto values = json.find("values"); values != json.end()) schema.items = schema_of(*values);
    if (const auto fields = json.find("fields"); fields != json.end())
        for (const auto& field : *fields) schema.fields.push_back({field.value("field", ""), schema_of(field)});
    if (const auto value = json.find("default"); value != json.end())
        schema.default_json = written_default(std::make_shared<const record::Schema>(schema), to_text(*value));
    return record::made(std::move(schema));
}

}  // namespace

record::SchemaPtr read_schema(std::string_view json) {
    const auto parsed = parse_json(json);
    if (!parsed || !parsed->is_object()) throw FatalError(format("This is no schema: {}", json.substr(0, 200)));
    return schema_of(*parsed);
}

const record::SchemaPtr& SchemaReader::of_schema(std::string_view json) {
    const auto known = by_text_.find(json);
    if (known != by_text_.end()) return known->second;
    if (by_text_.size() >= kSchemasMax) by_text_.clear();
    return by_text_.emplace(std::string(json), read_schema(json)).first->second;
}

const record::SchemaPtr& SchemaReader::of_prefix(const std::string& prefix) {
    if (!prefix.starts_with(kHead) || !prefix.ends_with(kPayload))
        throw FatalError("A record comes without its schema");
    return of_schema(std::string_view(prefix).substr(kHead.size(), prefix.size() - kHead.size() - kPayload.size()));
}

const record::SchemaPtr& SchemaReader::of_record(std::string_view record, std::string_view& payload) {
    const char* const end = record.data() + record.size();
    const char* from = record.data() + kHead.size();
    const char* behind = record.starts_with(kHead) ? record::skip_json(from, end) : nullptr;
    if (behind == nullptr || !std::string_view(behind, static_cast<size_t>(end - behind)).starts_with(kPayload))
        throw FatalError("A record comes without its schema");
    payload = {behind + kPayload.size(), static_cast<size_t>(end - behind) - kPayload.size() - 1};
    return of_schema({from, static_cast<size_t>(behind - from)});
}

}  // namespace millrace::convert
