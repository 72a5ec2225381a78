#include "source/postgres/logical_message.h"

#include "base/calendar.h"
#include "base/json_text.h"
#include "source/postgres/value_form.h"

namespace millrace::postgres {

using record::Type;

LogicalMessageWriter::LogicalMessageWriter(const config::Settings& settings, const engine::ShapeSettings& shape,
                                           BinaryMode binary)
    : include_("message.prefix.include.list", settings.text("message.prefix.include.list")),
      exclude_("message.prefix.exclude.list", settings.text("message.prefix.exclude.list")),
      binary_(binary),
      topic_(shape.identity.topic_prefix + settings.text("topic.delimiter", ".") + "message") {
    const auto& package = shape.identity.package;
    const auto key = events::StructBuilder(shape.schema_names.apply(package + ".MessageKey"))
                         .field("prefix", Type::String, true)
                         .build();
    const auto message = events::StructBuilder(shape.schema_names.apply(package + ".Message"))
                             .field("prefix", Type::String, true)
                             .field("content", binary == BinaryMode::Bytes ? Type::Bytes : Type::String, true)
                             .build();
    const auto value = events::StructBuilder(shape.schema_names.apply(package + ".MessageValue"))
                           .field("op", Type::String)
                           .field("ts_ms", Type::Int64, true)
                           .field("source", source_schema(shape.identity))
                           .field("transaction", events::transaction_block_schema())
                           .field("message", message)
                           .build();
    key_prefix_ = convert::payload_prefix(shape.key_json, *key);
    key_suffix_ = convert::payload_suffix(shape.key_json);
    value_prefix_ = convert::payload_prefix(shape.value_json, *value);
    value_suffix_ = convert::payload_suffix(shape.value_json);
}

bool LogicalMessageWriter::captures(std::string_view prefix) const {
    const std::string name(prefix);
    return include_.empty() ? !exclude_.match(name) : include_.match(name);
}

void LogicalMessageWriter::write(topiclog::AppendBatch& batch, const LogicalMessage& message,
                                 const std::string& source_json, std::string_view transaction_json) const {
    const int64_t now = now_ms();
    std::string prefix;
    json_text::append_string(prefix, message.prefix);
    const std::string key = key_prefix_ + "{\"prefix\":" + prefix + "}" + key_suffix_;
    std::string value = value_prefix_ + "{\"op\":\"m\",\"ts_ms\":";
    json_text::append_int(value, now);
    value += ",\"source\":" + source_json + ",\"transaction\":";
    value += transaction_json;
    value += ",\"message\":{\"prefix\":" + prefix + ",\"content\":";
    append_bytes(value, binary_, message.content);
    value += "}}" + value_suffix_;
    batch.add(topic_, &key, &value, now);
}

}  // namespace millrace::postgres
