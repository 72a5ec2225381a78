#include "record/plan_cache.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

using record::Record;
using record::Schema;
using record::SchemaPtr;
using record::StructView;
using record::Type;
using record::Value;

SchemaPtr struct_schema(const char* name, std::vector<record::Field> fields) {
    return record::made({.type = Type::Struct, .name = name, .version = 1, .fields = std::move(fields)});
}

/// io.debezium.connector.source.schema.*
struct SourceSchemas {
    SchemaPtr column =
        struct_schema("io.debezium.connector.source.schema.Column", {{"name", record::plain(Type::String)},
                                                                     {"typeName", record::plain(Type::String)},
                                                                     {"length", record::plain(Type::Int32, true)},
                                                                     {"scale", record::plain(Type::Int32, true)},
                                                                     {"comment", record::plain(Type::String, true)}});
    SchemaPtr table =
        struct_schema("io.debezium.connector.source.schema.Table", {{"columns", record::array_of(column)}});
    SchemaPtr block =
        struct_schema("io.debezium.connector.source.Schema", {{"id", record::plain(Type::String)}, {"table", table}});
};

/// io.debezium.transforms.ExtractSchemaToNewRecord: adds to an event what its columns are at the source.
class ExtractSchemaToNewRecord : public Transform {
  public:
    explicit ExtractSchemaToNewRecord(const config::Settings& /*settings*/) {}

    bool apply(Record& record, record::Arena& arena) override {
        if (record.value.value.is_null() || !is_envelope(record.value)) return true;
        const StructView envelope = require_struct(record.value, "ExtractSchemaToNewRecord", arena);
        if (envelope.get("after").is_null() && envelope.get("before").is_null()) return true;
        const SchemaPtr to = plans_.get(record.value.schema, [&](const SchemaPtr& from) {
            Schema made = record::basics_of(*from);
            made.optional = from->optional;
            made.fields = from->fields;
            made.fields.push_back({"sourceSchema", schemas_.block});
            return record::made(std::move(made));
        });
        const auto fields = record::new_fields(to->fields.size(), arena);
        for (size_t i = 0; i < envelope.size(); ++i) fields[i] = envelope.raw(i);
        fields[envelope.size()] = block_of(envelope, arena);
        record.value = {to, Value::list(fields)};
        return true;
    }
    unsigned parts() const override { return kValue; }

  private:
    static Value block_of(const StructView& envelope, record::Arena& arena) {
        const auto* row = envelope.schema().field("after");
        const auto source = envelope.inner("source");
        const auto columns = record::new_fields(row->schema->fields.size(), arena);
        for (size_t i = 0; i < columns.size(); ++i) {
            const Schema& column = *row->schema->fields[i].schema;
            const auto text = [&](const char* name) {
                return record::parameter(column, format("__debezium.source.column.{}", name));
            };
            const auto number = [&](const char* name) {
                const auto value = parse_int(text(name));
                return value ? Value::integer(*value) : Value();
            };
            if (text("name").empty() || text("type").empty())
                throw FatalError(
                    "Ensure that enable configurations \"column.propagate.source.type\" or "
                    "\"datatype.propagate.source.type\" and the value is set to \".*\"");
            const auto made = record::new_fields(5, arena);
            made[0] = Value::text(text("name"));
            made[1] = Value::text(text("type"));
            made[2] = number("length");
            made[3] = number("scale");
            if (!text("comment").empty()) made[4] = Value::text(text("comment"));
            columns[i] = Value::list(made);
        }
        const auto table = record::new_fields(1, arena);
        table[0] = Value::list(columns);
        const auto block = record::new_fields(2, arena);
        block[0] = source ? source->get("table") : Value();
        block[1] = Value::list(table);
        return Value::list(block);
    }

    const SourceSchemas schemas_;
    record::PlanCache<SchemaPtr> plans_;
};

}  // namespace

const TransformType kExtractSchemaToNewRecord{"io.debezium.transforms.ExtractSchemaToNewRecord", no_options,
                                              make_from<ExtractSchemaToNewRecord>};

}  // namespace millrace::transform
