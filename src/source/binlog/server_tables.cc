#include "source/binlog/server_tables.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::binlog {

std::optional<relational::Table> ServerTables::read(Connection& connection, const relational::TableId& id) const {
    constexpr unsigned kUnknownDatabase = 1049, kNoSuchTable = 1146;
    try {
        const auto rows = connection.rows("SHOW CREATE TABLE " + quote_table(id.database, id.table));
        if (rows.empty() || rows[0].size() < 2) return std::nullopt;
        return parse(id, rows[0][1].value_or(""));
    } catch (const ServerError& fault) {
        if (fault.code == kNoSuchTable || fault.code == kUnknownDatabase) return std::nullopt;
        throw;
    }
}

std::optional<relational::Table> ServerTables::parse(const relational::TableId& id, std::string_view statement) const {
    ddl::Catalog scratch;
    scratch.server_charset = schema_.catalog().server_charset;
    scratch.database_charsets = schema_.catalog().database_charsets;
    ddl::apply_ddl(scratch, statement, {dialect_.server(), id.database, 0, schema_.options().keep_comments});
    const auto table = scratch.tables.find(id);
    return table == scratch.tables.end() ? std::nullopt : std::optional(std::move(table->second));
}

std::optional<std::string> ServerTables::ddl_behind(const BinlogOffset& place, const relational::TableId& id) const {
    return ddl_behind(place, [&](const ddl::DdlResult& result) {
        return std::find(result.touched.begin(), result.touched.end(), id) != result.touched.end();
    });
}

std::optional<std::string> ServerTables::ddl_behind(const BinlogOffset& place,
                                                    const std::function<bool(const ddl::DdlResult&)>& concerns) const {
    Connection control(connection_);
    const BinlogOffset end = dialect_.log_end(control);
    if (end.file == place.file && end.position == place.position) return std::nullopt;
    DumpRequest request;
    dialect_.aim(request, place, {}, control);
    request.non_blocking = true;
    request.registers = false;
    EventStream stream(connection_, request);
    ddl::Catalog scratch = schema_.catalog();
    std::string unpacked;
    while (const auto event = stream.next()) {
        const bool compressed = event->header.type == EventType::QueryCompressed;
        if (compressed || event->header.type == EventType::Query) {
            const auto query = parse_query(event->body, compressed, unpacked);
            if (!query) throw FatalError(format("A QUERY event at {}:{} is damaged", stream.file(), event->start));
            const auto result =
                ddl::apply_ddl(scratch, query->statement,
                               {dialect_.server(), std::string(query->database), query->sql_mode.value_or(0), false});
            if (concerns(result)) return std::string(query->statement);
        }
        if (stream.file() == end.file && event->end >= end.position) break;
    }
    return std::nullopt;
}

}  // namespace millrace::binlog
