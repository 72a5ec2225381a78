#include "relational/schema_history_record.h"

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

template <typename T>
std::optional<T> maybe(const Json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return std::nullopt;
    return found->get<T>();
}

Column read_column(const Json& json) {
    Column column;
    column.name = json.at("name").get<std::string>();
    column.jdbc_type = json.at("jdbcType").get<int>();
    column.type_name = json.at("typeName").get<std::string>();
    column.charset = maybe<std::string>(json, "charsetName");
    column.length = maybe<int>(json, "length");
    column.scale = maybe<int>(json, "scale");
    column.optional = json.at("optional").get<bool>();
    column.auto_incremented = json.at("autoIncremented").get<bool>();
    column.comment = maybe<std::string>(json, "comment");
    column.has_default = json.value("hasDefaultValue", false);
    column.default_expression = maybe<std::string>(json, "defaultValueExpression");
    column.enum_values = maybe<std::vector<std::string>>(json, "enumValues").value_or(std::vector<std::string>{});
    return column;
}

TableChange read_change(const Json& json) {
    TableChange change;
    const auto kind = json.at("type").get<std::string>();
    change.kind = kind == "CREATE"  ? TableChange::Kind::Create
                  : kind == "ALTER" ? TableChange::Kind::Alter
                                    : TableChange::Kind::Drop;
    const auto id = TableId::from_quoted(json.at("id").get<std::string>());
    if (!id) throw FatalError("Table id " + json.at("id").dump() + " is not of the form \"database\".\"table\"");
    change.id = *id;
    if (const auto previous = maybe<std::string>(json, "previousId"))
        change.previous_id = TableId::from_quoted(*previous);
    const auto table = json.find("table");
    if (table == json.end() || table->is_null()) return change;
    change.table.emplace();
    change.table->id = *id;
    change.table->default_charset = maybe<std::string>(*table, "defaultCharsetName");
    change.table->primary_key = table->at("primaryKeyColumnNames").get<std::vector<std::string>>();
    change.table->has_primary_key = !change.table->primary_key.empty();
    change.table->comment = maybe<std::string>(json, "comment");
    for (const auto& column : table->at("columns")) change.table->columns.push_back(read_column(column));
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

SchemaHistoryRecord SchemaHistoryRecord::from_json(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        SchemaHistoryRecord record;
        record.server = json.at("source").value("server", "");
        record.position_json = json.at("position").dump();
        record.ts_ms = json.value("ts_ms", int64_t{0});
        record.database = maybe<std::string>(json, "databaseName").value_or("");
        record.ddl = maybe<std::string>(json, "ddl").value_or("");
        if (const auto changes = json.find("tableChanges"); changes != json.end() && changes->is_array())
            for (const auto& change : *changes) record.changes.push_back(read_change(change));
        return record;
    } catch (const Json::exception& fault) {
        throw FatalError(format("A schema history record cannot be read: {}", fault.what()));
    }
}

std::vector<TableChange> parse_table_changes(std::string_view json_array) {
    try {
        std::vector<TableChange> changes;
        for (const auto& change : Json::parse(json_array)) changes.push_back(read_change(change));
        return changes;
    } catch (const Json::exception& fault) {
        throw FatalError(format("Table changes cannot be read: {}", fault.what()));
    }
}

}  // namespace millrace::relational
