#include "relational/schema_history_record.h"

#include <simdjson.h>

#include "base/errors.h"
#include "base/json.h"
#include "base/json_text.h"
#include "base/text.h"

namespace millrace::relational {
namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json column_json(const Column& column, int position) {
    Json json;
    json["name"] = column.name;
    json["jdbcType"] = column.jdbc_type;
    json["typeName"] = column.type_name;
    json["typeExpression"] = column.type_name;
    json["charsetName"] = or_null(column.charset);
    if (column.length) json["length"] = *column.length;
    if (column.scale) json["scale"] = *column.scale;
    json["position"] = position;
    json["optional"] = column.optional;
    json["autoIncremented"] = column.auto_incremented;
    json["generated"] = column.auto_incremented;
    json["comment"] = or_null(column.comment);
    json["hasDefaultValue"] = column.has_default;
    if (column.default_expression) json["defaultValueExpression"] = *column.default_expression;
    json["enumValues"] = column.enum_values;
    return json;
}

Json table_json(const Table& table) {
    Json json;
    json["defaultCharsetName"] = or_null(table.default_charset);
    json["primaryKeyColumnNames"] = table.primary_key;
    json["columns"] = Json::array();
    int position = 0;
    for (const auto& column : table.columns) json["columns"].push_back(column_json(column, ++position));
    json["attributes"] = Json::array();
    return json;
}

Json change_json(const TableChange& change) {
    Json json;
    json["type"] = name_of(change.kind);
    json["id"] = change.id.quoted();
    if (change.previous_id) json["previousId"] = change.previous_id->quoted();
    if (change.table) {
        json["table"] = table_json(*change.table);
        json["comment"] = or_null(change.table->comment);
    }
    return json;
}

/// Jackson's DefaultPrettyPrinter: two blanks a level in objects, "k" : v, arrays on one line.
void append_pretty(std::string& out, const Json& json, int level) {
    const auto indent = [&](int depth) { out.append(static_cast<size_t>(depth) * 2, ' '); };
    if (json.is_object()) {
        if (json.empty()) {
            out += "{ }";
            return;
        }
        out += "{\n";
        bool first = true;
        for (const auto& [key, value] : json.items()) {
            if (!std::exchange(first, false)) out += ",\n";
            indent(level + 1);
            json_text::append_string(out, key);
            out += " : ";
            append_pretty(out, value, level + 1);
        }
        out += '\n';
        indent(level);
        out += '}';
    } else if (json.is_array()) {
        out += "[ ";
        bool first = true;
        for (const auto& value : json) {
            if (!std::exchange(first, false)) out += ", ";
            append_pretty(out, value, level);
        }
        out += json.empty() ? "]" : " ]";
    } else if (json.is_string()) {
        json_text::append_string(out, json.get_ref<const std::string&>());
    } else {
        out += json.dump();
    }
}

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;

/// The field's value unless it is null or not there. A value of another type is a simdjson_error.
template <typename T>
std::optional<T> maybe(const Object& json, std::string_view key) {
    Element value;
    if (json[key].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return T(value);
}

template <>
std::optional<std::string> maybe(const Object& json, std::string_view key) {
    const auto text = maybe<std::string_view>(json, key);
    return text ? std::optional(std::string(*text)) : std::nullopt;
}

template <>
std::optional<int> maybe(const Object& json, std::string_view key) {
    const auto number = maybe<int64_t>(json, key);
    return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

std::string text_of(const Object& json, std::string_view key) {
    return std::string(std::string_view(json[key]));
}

std::vector<std::string> texts_of(const simdjson::dom::array& array) {
    std::vector<std::string> texts;
    texts.reserve(array.size());
    for (const std::string_view text : array) texts.emplace_back(text);
    return texts;
}

Column read_column(const Object& json) {
    Column column;
    column.name = text_of(json, "name");
    column.jdbc_type = static_cast<int>(int64_t(json["jdbcType"]));
    column.type_name = text_of(json, "typeName");
    column.charset = maybe<std::string>(json, "charsetName");
    column.length = maybe<int>(json, "length");
    column.scale = maybe<int>(json, "scale");
    column.optional = bool(json["optional"]);
    column.auto_incremented = bool(json["autoIncremented"]);
    column.comment = maybe<std::string>(json, "comment");
    column.has_default = maybe<bool>(json, "hasDefaultValue").value_or(false);
    column.default_expression = maybe<std::string>(json, "defaultValueExpression");
    if (const auto values = maybe<simdjson::dom::array>(json, "enumValues")) column.enum_values = texts_of(*values);
    return column;
}

Table read_table(const Object& json, const TableId& id) {
    Table table;
    table.id = id;
    table.default_charset = maybe<std::string>(json, "defaultCharsetName");
    table.primary_key = texts_of(json["primaryKeyColumnNames"]);
    table.has_primary_key = !table.primary_key.empty();
    const simdjson::dom::array columns = json["columns"];
    table.columns.reserve(columns.size());
    for (const Object column : columns) table.columns.push_back(read_column(column));
    return table;
}

TableChange read_change(const Object& json) {
    TableChange change;
    const std::string_view kind = json["type"];
    change.kind = kind == "CREATE"  ? TableChange::Kind::Create
                  : kind == "ALTER" ? TableChange::Kind::Alter
                                    : TableChange::Kind::Drop;
    const auto id = TableId::from_quoted(text_of(json, "id"));
    if (!id) throw FatalError(format("Table id {} is not of the form \"database\".\"table\"", text_of(json, "id")));
    change.id = *id;
    if (const auto previous = maybe<std::string>(json, "previousId"))
        change.previous_id = TableId::from_quoted(*previous);
    if (const auto table = maybe<Object>(json, "table")) {
        change.table = read_table(*table, *id);
        change.table->comment = maybe<std::string>(json, "comment");
    }
    return change;
}

}  // namespace

std::string_view name_of(TableChange::Kind kind) {
    switch (kind) {
        case TableChange::Kind::Create:
            return "CREATE";
        case TableChange::Kind::Alter:
            return "ALTER";
        case TableChange::Kind::Drop:
            return "DROP";
    }
    return "";
}

std::string SchemaHistoryRecord::to_json() const {
    Json json;
    json["source"]["server"] = server;
    json["position"] = Json::parse(position_json);
    json["ts_ms"] = ts_ms;
    json["databaseName"] = database;
    json["ddl"] = ddl;
    json["tableChanges"] = Json::array();
    for (const auto& change : changes) json["tableChanges"].push_back(change_json(change));
    std::string out;
    append_pretty(out, json, 0);
    return out;
}

struct SchemaHistoryReader::Parser {
    simdjson::dom::parser json;
};

SchemaHistoryReader::SchemaHistoryReader() : parser_(std::make_unique<Parser>()) {}
SchemaHistoryReader::~SchemaHistoryReader() = default;

SchemaHistoryRecord SchemaHistoryReader::read(std::string_view text) {
    try {
        const Object json = parser_->json.parse(text);
        SchemaHistoryRecord record;
        record.server = maybe<std::string>(json["source"], "server").value_or("");
        record.position_json = simdjson::minify(Object(json["position"]));
        record.ts_ms = maybe<int64_t>(json, "ts_ms").value_or(0);
        record.database = maybe<std::string>(json, "databaseName").value_or("");
        record.ddl = maybe<std::string>(json, "ddl").value_or("");
        if (const auto changes = maybe<simdjson::dom::array>(json, "tableChanges"))
            for (const Object change : *changes) record.changes.push_back(read_change(change));
        return record;
    } catch (const simdjson::simdjson_error& fault) {
        throw FatalError(format("A schema history record cannot be read: {}", fault.what()));
    }
}

std::vector<TableChange> parse_table_changes(std::string_view json_array) {
    try {
        simdjson::dom::parser parser;
        std::vector<TableChange> changes;
        for (const Object change : simdjson::dom::array(parser.parse(json_array)))
            changes.push_back(read_change(change));
        return changes;
    } catch (const simdjson::simdjson_error& fault) {
        throw FatalError(format("Table changes cannot be read: {}", fault.what()));
    }
}

}  // namespace millrace::relational
