#include "targets.h"

#include <string>

#include "source/binlog/binlog_event.h"
#include "source/binlog/column_plan.h"
#include "source/binlog/ddl/ddl_parser.h"
#include "source/binlog/gtid_set.h"
#include "source/binlog/json_binary.h"
#include "source/postgres/pgoutput.h"
#include "source/postgres/value_form.h"
#include "topiclog/sqlite/batch_codec.h"

namespace millrace::fuzz {

using namespace binlog;

namespace {

/// Reads the rows of an event with made-up columns, as a plan would.
void read_images(const Rows& rows, std::string_view types) {
    ByteCursor images(rows.images);
    std::string scratch;
    for (int row = 0; row < 100 && !images.empty() && images.ok(); ++row) {
        images.bytes((rows.column_count + 7) / 8);
        for (uint32_t i = 0; i < rows.column_count && images.ok(); ++i) {
            const char type = types.empty() ? 3 : types[i % types.size()];
            ColumnValue value;
            if (!read_wire_value(
                    {static_cast<WireType>(static_cast<unsigned char>(type)), static_cast<uint16_t>(i * 257)}, false,
                    images, scratch, value))
                return;
        }
    }
}

}  // namespace

void binlog_event(std::string_view bytes) {
    if (bytes.empty()) return;
    const auto type = static_cast<EventType>(static_cast<unsigned char>(bytes[0]));
    const std::string_view body = bytes.substr(1);
    std::string unpacked;
    parse_rotate(body);
    parse_query(body, type == EventType::QueryCompressed, unpacked);
    if (const auto gtid = parse_gtid(body)) static_cast<void>(gtid->text());
    if (const auto gtid = parse_gtid_tagged(body)) static_cast<void>(gtid->text());
    parse_mariadb_gtid(body);
    if (const auto map = parse_table_map(body, type == EventType::TableMap ? 6 : 4)) read_column_metadata(*map);
    parse_xa_prepare(body);
    parse_transaction_payload(body);
    if (const auto rows = parse_rows(type, body, unpacked)) read_images(*rows, body.substr(0, 8));
}

void packet_reader(std::string_view bytes) {
    parse_header(bytes);
    parse_format_description(bytes);
    topiclog::read_batch(bytes, 0, 0);
    GtidSet::parse(bytes);
    MariaDbGtidPosition::parse(bytes);
}

void json_binary(std::string_view bytes) {
    std::string out;
    json_binary::append_text(out, bytes);
    const size_t half = bytes.size() / 2;
    out.clear();
    json_binary::append_patched_text(out, bytes.substr(0, half), bytes.substr(half));
}

void pgoutput(std::string_view bytes) {
    postgres::Message message;
    postgres::Tuple old_row, new_row;
    postgres::parse_message(bytes, message, old_row, new_row);
    if (bytes.empty()) return;
    using Kind = postgres::ValueForm::Kind;
    postgres::ValueForm form;
    form.kind = static_cast<Kind>(static_cast<unsigned char>(bytes[0]) % (static_cast<int>(Kind::Array) + 1));
    form.schema.items = record::plain(record::Type::Float64);
    if (form.kind == Kind::Array) form.element = std::make_shared<const postgres::ValueForm>();
    std::string out;
    try {
        postgres::append_value(out, form, bytes.substr(1), false);
    } catch (const postgres::UnreadableValue&) {
        out.clear();  // refused, as it should be
    }
}

void column_value(std::string_view bytes) {
    if (bytes.size() < 4) return;
    const WireColumn column{
        static_cast<WireType>(static_cast<unsigned char>(bytes[0])),
        static_cast<uint16_t>(static_cast<unsigned char>(bytes[1]) | static_cast<unsigned char>(bytes[2]) << 8)};
    ByteCursor cursor(bytes.substr(4));
    std::string scratch;
    ColumnValue value;
    read_wire_value(column, (bytes[3] & 1) != 0, cursor, scratch, value);
    ByteCursor decimal(bytes.substr(4));
    append_packed_decimal(scratch, decimal, bytes[1], bytes[2]);
    std::string inflated;
    inflate_column(bytes.substr(4, 200), inflated);

    static const char* const kTypes[] = {"INT",      "DECIMAL", "DATETIME", "TIMESTAMP", "TIME",  "DATE", "YEAR", "BIT",
                                         "GEOMETRY", "POINT",   "VECTOR",   "SET",       "FLOAT", "BLOB", "TEXT"};
    relational::Table table;
    relational::Column declared;
    declared.type_name = kTypes[static_cast<unsigned char>(bytes[3]) % std::size(kTypes)];
    declared.length = 6;
    declared.scale = declared.type_name == "DECIMAL" ? std::optional<int>(2) : std::nullopt;
    declared.enum_values = {"'a'", "'b'"};
    ColumnPlan plan(table, declared, {}, {});
    const std::string text(bytes.substr(4));
    std::string out;
    try {
        plan.append(out, plan.from_text(text.data(), text.size()));
    } catch (const std::runtime_error&) {
        return;  // a value that does not fit its column is refused
    }
}

void ddl(std::string_view bytes) {
    if (bytes.empty()) return;
    ddl::Catalog catalog;
    const ddl::DdlContext context{(bytes[0] & 1) != 0 ? ddl::Server::MariaDb : ddl::Server::MySql, "d",
                                  (bytes[0] & 2) != 0 ? ddl::kModeAnsiQuotes : 0, true};
    ddl::apply_ddl(catalog, "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(5), b ENUM('x'))", context);
    ddl::apply_ddl(catalog, bytes.substr(1), context);
}

}  // namespace millrace::fuzz
