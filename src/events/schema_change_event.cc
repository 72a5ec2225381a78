#include "events/schema_change_event.h"

#include "base/json_text.h"
#include "events/envelope.h"

namespace millrace::events {
namespace {

using json_text::append_int;
using json_text::append_string;
using record::Type;

record::SchemaPtr column_schema() {
    return StructBuilder("io.debezium.connector.schema.Column")
        .field("name", Type::String)
        .field("jdbcType", Type::Int32)
        .field("nativeType", Type::Int32, true)
        .field("typeName", Type::String)
        .field("typeExpression", Type::String, true)
        .field("charsetName", Type::String, true)
        .field("length", Type::Int32, true)
        .field("scale", Type::Int32, true)
        .field("position", Type::Int32)
        .field("optional", Type::Boolean, true)
        .field("autoIncremented", Type::Boolean, true)
        .field("generated", Type::Boolean, true)
        .field("comment", Type::String, true)
        .field("defaultValueExpression", Type::String, true)
        .field("enumValues", record::array_of(record::plain(Type::String), true))
        .build();
}

record::SchemaPtr change_schema() {
    const auto table = StructBuilder("io.debezium.connector.schema.Table", 1, true)
                           .field("defaultCharsetName", Type::String, true)
                           .field("primaryKeyColumnNames", record::array_of(record::plain(Type::String), true))
                           .field("columns", record::array_of(column_schema()))
                           .field("comment", Type::String, true)
                           .build();
    return StructBuilder("io.debezium.connector.schema.Change")
        .field("type", Type::String)
        .field("id", Type::String)
        .field("table", table)
        .build();
}

void append_or_null(std::string& out, const std::optional<std::string>& text) {
    if (text)
        append_string(out, *text);
    else
        out += "null";
}
void append_or_null(std::string& out, const std::optional<int>& number) {
    if (number)
        append_int(out, *number);
    else
        out += "null";
}
void append_strings(std::string& out, const std::vector<std::string>& texts) {
    out += '[';
    for (const auto& text : texts) {
        if (&text != &texts.front()) out += ',';
        append_string(out, text);
    }
    out += ']';
}

void append_column(std::string& out, const relational::Column& column, int64_t position) {
    const auto flag = [](bool value) { return value ? "true" : "false"; };
    out += "{\"name\":";
    append_string(out, column.name);
    out += ",\"jdbcType\":";
    append_int(out, column.jdbc_type);
    out += ",\"nativeType\":null,\"typeName\":";
    append_string(out, column.type_name);
    out += ",\"typeExpression\":";
    append_string(out, column.type_name);
    out += ",\"charsetName\":";
    append_or_null(out, column.charset);
    out += ",\"length\":";
    append_or_null(out, column.length);
    out += ",\"scale\":";
    append_or_null(out, column.scale);
    out += ",\"position\":";
    append_int(out, position);
    out += ",\"optional\":";
    out += flag(column.optional);
    out += ",\"autoIncremented\":";
    out += flag(column.auto_incremented);
    out += ",\"generated\":";
    out += flag(column.auto_incremented);
    out += ",\"comment\":";
    append_or_null(out, column.comment);
    out += ",\"defaultValueExpression\":";
    append_or_null(out, column.default_expression);
    out += ",\"enumValues\":";
    if (column.enum_values.empty())
        out += "null";
    else
        append_strings(out, column.enum_values);
    out += '}';
}

void append_change(std::string& out, const relational::TableChange& change) {
    out += "{\"type\":\"";
    out += relational::name_of(change.kind);
    out += "\",\"id\":";
    append_string(out, change.id.quoted());
    out += ",\"table\":";
    if (!change.table) {
        out += "null}";
        return;
    }
    out += "{\"defaultCharsetName\":";
    append_or_null(out, change.table->default_charset);
    out += ",\"primaryKeyColumnNames\":";
    append_strings(out, change.table->primary_key);
    out += ",\"columns\":[";
    int64_t position = 0;
    for (const auto& column : change.table->columns) {
        if (position > 0) out += ',';
        append_column(out, column, ++position);
    }
    out += "],\"comment\":";
    append_or_null(out, change.table->comment);
    out += "}}";
}

}  // namespace

SchemaChangeFormat::SchemaChangeFormat(const std::string& connector_package, const record::SchemaPtr& source)
    : key_(StructBuilder(connector_package + ".SchemaChangeKey").field("databaseName", Type::String).build()),
      value_(StructBuilder(connector_package + ".SchemaChangeValue")
                 .field("source", source)
                 .field("ts_ms", Type::Int64)
                 .field("databaseName", Type::String, true)
                 .field("schemaName", Type::String, true)
                 .field("ddl", Type::String, true)
                 .field("tableChanges", record::array_of(change_schema()))
                 .build()) {}

std::string SchemaChangeFormat::key_payload(const std::string& database) const {
    std::string out = "{\"databaseName\":";
    append_string(out, database);
    return out + "}";
}

std::string SchemaChangeFormat::value_payload(const std::string& source_json, int64_t ts_ms,
                                              const std::string& database, const std::string& ddl,
                                              const std::vector<relational::TableChange>& changes) const {
    std::string out = "{\"source\":" + source_json + ",\"ts_ms\":";
    append_int(out, ts_ms);
    out += ",\"databaseName\":";
    append_string(out, database);
    out += ",\"schemaName\":null,\"ddl\":";
    append_string(out, ddl);
    out += ",\"tableChanges\":[";
    for (const auto& change : changes) {
        if (&change != &changes.front()) out += ',';
        append_change(out, change);
    }
    return out + "]}";
}

}  // namespace millrace::events
