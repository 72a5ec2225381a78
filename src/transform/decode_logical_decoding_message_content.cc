#include <algorithm>

#include "transform/json_payload.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/schema_pool.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

using record::Record;
using record::Schema;
using record::SchemaPtr;
using record::StructView;
using record::Value;

constexpr Property kOptions[] = {
    {.name = "fields.null.include",
     .type = OptionType::Boolean,
     .default_value = "false",
     .documentation = "Whether nulls of the content are kept, as nulls of type bytes."},
};

/// io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent: a logical message whose content is
/// JSON, as a change event with that content for its row.
class DecodeLogicalDecodingMessageContent : public Transform {
  public:
    explicit DecodeLogicalDecodingMessageContent(const config::Settings& settings)
        : json_(settings.boolean("fields.null.include"),
                {events::NameAdjustment::Mode::None, events::NameAdjustment::Of::Fields}) {}

    bool apply(Record& record, record::Arena& arena) override {
        const SchemaPtr from = record.value.schema;
        if (!from || !from->is_logical("io.debezium.connector.postgresql.MessageValue")) return true;
        const StructView event = require_struct(record.value, "Retrieve a record value", arena);
        const auto message = event.inner("message");
        const Value content = message ? message->get("content") : Value();
        if (!content.is(Value::Kind::Bytes))
            throw FatalError("The content of a logical decoding message is non-binary");
        std::string problem;
        const auto made = json_.read(content.bytes(), "", arena, problem);
        if (!made)
            throw FatalError(format("Unable to parse logical decoding message content JSON string '{}': {}",
                                    content.bytes().substr(0, 200), problem));
        Schema to{.type = record::Type::Struct, .name = from->name + ".Envelope"};
        std::vector<Value> values;
        for (size_t i = 0; i < event.size(); ++i) {
            const auto& field = from->fields[i];
            if (field.name == "message") continue;
            to.fields.push_back(field);
            values.push_back(field.name == "op" ? Value::text("c") : event.raw(i));
        }
        to.fields.push_back({"after", schemas_.first(made->schema)});
        values.push_back(made->value);
        const auto fields = record::new_fields(values.size(), arena);
        std::copy(values.begin(), values.end(), fields.begin());
        record.key = {};
        record.value = {schemas_.first(record::made(std::move(to))), Value::list(fields)};
        return true;
    }
    unsigned parts() const override { return kKey | kValue; }

  private:
    const JsonPayload json_;
    SchemaPool schemas_;
};

}  // namespace

const TransformType kDecodeLogicalDecodingMessageContent{
    "io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent", table_of<kOptions>,
    make_from<DecodeLogicalDecodingMessageContent>};

}  // namespace millrace::transform
