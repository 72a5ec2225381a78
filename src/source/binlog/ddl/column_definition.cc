#include "source/binlog/ddl/column_definition.h"

#include <array>

#include "base/text.h"
#include "source/binlog/charset.h"

namespace millrace::binlog::ddl {
namespace {

namespace jdbc = relational::jdbc;

struct TypeName {
    std::string_view first;  ///< Word by word; a type of several words has several rows' worth in `rest`.
    std::string_view rest;   ///< Further words, blank between them; empty: none.
    int jdbc_type;
};
/// Longest first where one begins another.
constexpr TypeName kTypes[] = {
    {"TINYINT", "", jdbc::kSmallInt},
    {"INT1", "", jdbc::kSmallInt},
    {"SMALLINT", "", jdbc::kSmallInt},
    {"INT2", "", jdbc::kSmallInt},
    {"MEDIUMINT", "", jdbc::kInteger},
    {"MIDDLEINT", "", jdbc::kInteger},
    {"INT3", "", jdbc::kInteger},
    {"INT", "", jdbc::kInteger},
    {"INTEGER", "", jdbc::kInteger},
    {"INT4", "", jdbc::kInteger},
    {"BIGINT", "", jdbc::kBigInt},
    {"INT8", "", jdbc::kBigInt},
    {"BOOLEAN", "", jdbc::kBoolean},
    {"BOOL", "", jdbc::kBoolean},
    {"BIT", "", jdbc::kBit},
    {"DECIMAL", "", jdbc::kDecimal},
    {"DEC", "", jdbc::kDecimal},
    {"FIXED", "", jdbc::kDecimal},
    {"NUMERIC", "", jdbc::kNumeric},
    {"NUMBER", "", jdbc::kNumeric},
    {"FLOAT", "", jdbc::kFloat},
    {"FLOAT4", "", jdbc::kFloat},
    {"FLOAT8", "", jdbc::kDouble},
    {"DOUBLE", "PRECISION", jdbc::kDouble},
    {"DOUBLE", "", jdbc::kDouble},
    {"REAL", "", jdbc::kDouble},
    {"CHARACTER", "VARYING", jdbc::kVarchar},
    {"CHARACTER", "", jdbc::kChar},
    {"CHAR", "VARYING", jdbc::kVarchar},
    {"CHAR", "BYTE", jdbc::kBinary},
    {"CHAR", "", jdbc::kChar},
    {"VARCHAR", "", jdbc::kVarchar},
    {"VARCHARACTER", "", jdbc::kVarchar},
    {"VARCHAR2", "", jdbc::kVarchar},
    {"NATIONAL", "CHARACTER VARYING", jdbc::kNVarchar},
    {"NATIONAL", "CHAR VARYING", jdbc::kNVarchar},
    {"NATIONAL", "VARCHARACTER", jdbc::kNVarchar},
    {"NATIONAL", "VARCHAR", jdbc::kNVarchar},
    {"NATIONAL", "CHARACTER", jdbc::kNChar},
    {"NATIONAL", "CHAR", jdbc::kNChar},
    {"NCHAR", "VARYING", jdbc::kNVarchar},
    {"NCHAR", "VARCHAR", jdbc::kNVarchar},
    {"NCHAR", "", jdbc::kNChar},
    {"NVARCHAR", "", jdbc::kNVarchar},
    {"TINYTEXT", "", jdbc::kVarchar},
    {"TEXT", "", jdbc::kVarchar},
    {"MEDIUMTEXT", "", jdbc::kVarchar},
    {"LONGTEXT", "", jdbc::kVarchar},
    {"CLOB", "", jdbc::kVarchar},
    {"LONG", "VARBINARY", jdbc::kBlob},
    {"LONG", "VARCHAR", jdbc::kVarchar},
    {"LONG", "CHAR VARYING", jdbc::kVarchar},
    {"LONG", "", jdbc::kVarchar},
    {"BINARY", "VARYING", jdbc::kVarBinary},
    {"BINARY", "", jdbc::kBinary},
    {"VARBINARY", "", jdbc::kVarBinary},
    {"RAW", "", jdbc::kVarBinary},
    {"TINYBLOB", "", jdbc::kBlob},
    {"BLOB", "", jdbc::kBlob},
    {"MEDIUMBLOB", "", jdbc::kBlob},
    {"LONGBLOB", "", jdbc::kBlob},
    {"DATE", "", jdbc::kDate},
    {"TIME", "", jdbc::kTime},
    {"DATETIME", "", jdbc::kTimestamp},
    {"TIMESTAMP", "", jdbc::kTimestampWithZone},
    {"YEAR", "", jdbc::kInteger},
    {"ENUM", "", jdbc::kChar},
    {"SET", "", jdbc::kChar},
    {"JSON", "", jdbc::kOther},
    {"SERIAL", "", jdbc::kBigInt},
    {"GEOMETRYCOLLECTION", "", jdbc::kOther},
    {"GEOMCOLLECTION", "", jdbc::kOther},
    {"GEOMETRY", "", jdbc::kOther},
    {"POINT", "", jdbc::kOther},
    {"LINESTRING", "", jdbc::kOther},
    {"POLYGON", "", jdbc::kOther},
    {"MULTIPOINT", "", jdbc::kOther},
    {"MULTILINESTRING", "", jdbc::kOther},
    {"MULTIPOLYGON", "", jdbc::kOther},
    {"VECTOR", "", jdbc::kOther},
    {"UUID", "", jdbc::kOther},
    {"INET4", "", jdbc::kOther},
    {"INET6", "", jdbc::kOther},
};

const TypeName* read_type_name(TokenStream& in) {
    for (const auto& type : kTypes) {
        if (!in.is_word(type.first)) continue;
        const auto rest = type.rest.empty() ? std::vector<std::string>{} : split(type.rest, ' ');
        bool all = true;
        for (size_t i = 0; i < rest.size(); ++i) all &= in.is_word(rest[i], i + 1);
        if (!all) continue;
        for (size_t i = 0; i <= rest.size(); ++i) in.next();
        return &type;
    }
    return nullptr;
}

void read_literals(TokenStream& in, relational::Column& column) {
    in.expect_symbol('(');
    while (in.ok() && !in.is_symbol(')')) {
        const Token literal = in.next();
        if (literal.kind != Token::Kind::Text && literal.kind != Token::Kind::Hex) in.fail();
        column.enum_values.emplace_back(literal.source);
        if (!in.accept_symbol(',')) break;
    }
    in.expect_symbol(')');
    const auto count = static_cast<int>(column.enum_values.size());
    column.length = column.type_name == "SET" ? std::max(0, count * 2 - 1) : 1;
}

void read_dimension(TokenStream& in, relational::Column& column) {
    if (!in.accept_symbol('(')) return;
    column.length = in.integer();
    if (in.accept_symbol(',')) column.scale = in.integer();
    in.accept("CHAR");  // Oracle mode: VARCHAR2(10 CHAR)
    in.expect_symbol(')');
}

/// DECIMAL alone is DECIMAL(10,0), BIT is BIT(1), and so on.
void settle_dimension(relational::Column& column) {
    const std::string& type = column.type_name;
    if (column.jdbc_type == jdbc::kDecimal || column.jdbc_type == jdbc::kNumeric) {
        column.length = column.length.value_or(10);
        column.scale = column.scale.value_or(0);
    } else if (type == "BIT" || type == "CHAR" || type == "BINARY" || type == "CHARACTER" || type == "NCHAR") {
        column.length = column.length.value_or(1);
    } else if (type == "VECTOR") {
        column.length = column.length.value_or(2048);
    }
}

bool accept_charset(TokenStream& in, std::optional<std::string>& charset) {
    if (!in.accept("CHARACTER", "SET") && !in.accept("CHARSET") && !in.accept("CHAR", "SET")) return false;
    charset = canonical_charset(in.option_value());
    return true;
}

/// Behind the type's name: what belongs to the type still.
void read_type_suffix(TokenStream& in, relational::Column& column) {
    for (;;) {
        if (in.is_any("UNSIGNED", "SIGNED", "ZEROFILL")) {
            column.type_name += " " + upper(in.next().source);
        } else if (in.accept("ASCII")) {
            column.charset = "latin1";
        } else if (in.accept("UNICODE")) {
            column.charset = "ucs2";
        } else if (in.accept("BYTE")) {
            column.charset = "binary";
        } else if (in.is_word("BINARY")) {
            in.next();  // the _bin collation
        } else if (in.accept("COMPRESSED")) {
            if (in.accept_symbol('=')) in.next();
        } else if (!accept_charset(in, column.charset)) {
            return;
        }
    }
}

/// CHAR(4) CHARACTER SET binary is BINARY(4) to the server.
void settle_binary(relational::Column& column) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kBinaryOf = {
        {{"CHAR", "BINARY"},
         {"VARCHAR", "VARBINARY"},
         {"TINYTEXT", "TINYBLOB"},
         {"TEXT", "BLOB"},
         {"MEDIUMTEXT", "MEDIUMBLOB"},
         {"LONGTEXT", "LONGBLOB"}}};
    if (column.charset != "binary") return;
    for (const auto& [text, binary] : kBinaryOf) {
        if (column.type_name != text) continue;
        column.type_name = binary;
        column.jdbc_type = binary == "BINARY" ? jdbc::kBinary : binary == "VARBINARY" ? jdbc::kVarBinary : jdbc::kBlob;
        column.charset.reset();
        return;
    }
}

void read_reference_options(TokenStream& in) {
    in.name();
    while (in.accept_symbol('.')) in.name();
    if (in.is_symbol('(')) in.skip_one();
    for (;;) {
        if (in.accept("MATCH")) {
            in.next();
        } else if (in.accept("ON", "DELETE") || in.accept("ON", "UPDATE")) {
            if (!in.accept("SET", "NULL") && !in.accept("SET", "DEFAULT") && !in.accept("NO", "ACTION")) in.next();
        } else {
            return;
        }
    }
}

/// One attribute behind the type; false if what comes is none.
bool read_attribute(TokenStream& in, ColumnDefinition& definition, std::optional<std::string>& collation,
                    bool& default_declared, bool keep_comments) {
    relational::Column& column = definition.column;
    if (in.accept("NOT", "NULL")) {
        column.optional = false;
    } else if (in.accept("NULL")) {
        column.optional = true;
    } else if (in.accept("DEFAULT")) {
        parse_default(in, column);
        default_declared = true;
    } else if (in.accept("ON", "UPDATE")) {
        in.next();
        if (in.is_symbol('(')) in.skip_one();
    } else if (in.accept("AUTO_INCREMENT")) {
        column.auto_incremented = true;
    } else if (in.accept("SERIAL", "DEFAULT", "VALUE")) {
        column.optional = false;
        column.auto_incremented = true;
        definition.is_unique = true;
    } else if (in.accept("PRIMARY", "KEY") || in.accept("PRIMARY") || in.accept("KEY")) {
        definition.is_primary_key = true;
        column.optional = false;
    } else if (in.accept("UNIQUE")) {
        in.accept("KEY");
        in.accept("INDEX");
        definition.is_unique = true;
    } else if (in.accept("COMMENT")) {
        const std::string comment = in.option_value();
        if (keep_comments) column.comment = comment;
    } else if (in.accept("COLLATE")) {
        collation = in.option_value();
    } else if (in.is_word("CHARACTER") || in.is_word("CHARSET")) {
        return accept_charset(in, column.charset);
    } else if (in.accept("GENERATED", "ALWAYS") || in.is_word("AS")) {
        if (!in.accept("AS")) in.fail();
        if (in.accept("ROW")) {  // MariaDB: GENERATED ALWAYS AS ROW START|END
            in.next();
        } else {
            in.skip_one();
        }
    } else if (in.accept("REFERENCES")) {
        read_reference_options(in);
    } else if (in.accept("CONSTRAINT")) {
        if (!in.is_word("CHECK")) in.name();
    } else if (in.accept("CHECK")) {
        in.skip_one();
        if (in.accept("NOT", "ENFORCED") || in.accept("ENFORCED")) return true;
    } else if (in.accept("WITH", "SYSTEM", "VERSIONING") || in.accept("WITHOUT", "SYSTEM", "VERSIONING") ||
               in.accept("VIRTUAL") || in.accept("STORED") || in.accept("PERSISTENT") || in.accept("VISIBLE") ||
               in.accept("INVISIBLE") || in.accept("NOT", "SECONDARY")) {
        return true;
    } else if (in.accept("COMPRESSED")) {
        if (in.accept_symbol('=')) in.next();
    } else if (in.is_any("COLUMN_FORMAT", "STORAGE", "SRID", "REF_SYSTEM_ID", "ENGINE_ATTRIBUTE",
                         "SECONDARY_ENGINE_ATTRIBUTE")) {
        in.next();
        in.option_value();
    } else if (in.accept("ENCRYPTED") || in.is_any("ENCRYPTION_KEY_ID")) {
        in.accept("ENCRYPTION_KEY_ID");
        in.option_value();
    } else {
        return false;
    }
    return true;
}

}  // namespace

bool is_character_type(const std::string& type) {
    constexpr std::string_view kNames[] = {
        "CHAR",     "VARCHAR", "CHARACTER",  "VARCHARACTER", "VARCHAR2", "NCHAR", "NVARCHAR", "NATIONAL",
        "TINYTEXT", "TEXT",    "MEDIUMTEXT", "LONGTEXT",     "CLOB",     "LONG",  "ENUM",     "SET"};
    if (type == "LONG VARBINARY" || type == "CHAR BYTE") return false;
    const std::string first = type.substr(0, type.find(' '));
    for (const auto name : kNames)
        if (first == name) return true;
    return false;
}

void parse_default(TokenStream& in, relational::Column& column) {
    column.has_default = true;
    column.default_expression.reset();
    if (in.accept("NULL")) return;
    std::string sign;
    if (in.is_symbol('-') || in.is_symbol('+')) sign = in.next().source;
    const Token token = in.peek();
    switch (token.kind) {
        case Token::Kind::Text: {
            const size_t start = token.source.find_first_of("'\"");
            column.default_expression =
                sign + std::string(token.source.substr(start + 1, token.source.size() - start - 2));
            in.next();
            return;
        }
        case Token::Kind::Number:
            column.default_expression = sign + std::string(token.source);
            in.next();
            return;
        case Token::Kind::Bits: {
            std::string digits(token.source.substr(2));
            if (!digits.empty() && digits.back() == '\'') digits.pop_back();
            column.default_expression = digits;
            in.next();
            return;
        }
        case Token::Kind::Hex:
            in.next();
            return;
        default:
            break;
    }
    if (in.is_any("TRUE", "FALSE")) {
        column.default_expression = std::string(in.next().source);
        return;
    }
    if (in.is_any("CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP")) {
        in.next();
        if (in.is_symbol('(')) in.skip_one();
        column.default_expression = "1970-01-01 00:00:00";
        return;
    }
    if (token.kind == Token::Kind::Word && token.source[0] == '_' &&
        in.peek(1).kind == Token::Kind::Text) {  // _utf8mb4'x'
        in.next();
        parse_default(in, column);
        return;
    }
    // An expression in parentheses, or MariaDB's function call without them. Its value is not known here.
    in.skip_one();
    while (in.is_symbol('.') || in.is_symbol('(')) in.skip_one();
    if (token.kind == Token::Kind::Word && iequals(token.source, "NEXT")) {  // NEXT VALUE FOR db.sequence
        if (!in.accept("VALUE", "FOR")) in.fail();
        in.name();
        if (in.accept_symbol('.')) in.name();
    }
}

void settle_default(relational::Column& column, bool declared) {
    if (!declared) column.has_default = column.optional;
}

ColumnDefinition parse_column_definition(TokenStream& in, std::string name,
                                         const std::optional<std::string>& default_charset, bool keep_comments) {
    ColumnDefinition definition;
    relational::Column& column = definition.column;
    column.name = std::move(name);
    if (in.peek().kind == Token::Kind::QuotedName || in.peek().kind != Token::Kind::Word) {
        in.fail();
        return definition;
    }
    const TypeName* type = read_type_name(in);
    if (type == nullptr) {
        in.fail();
        return definition;
    }
    column.type_name = std::string(type->first) + (type->rest.empty() ? "" : " " + std::string(type->rest));
    column.jdbc_type = type->jdbc_type;
    bool default_declared = false;
    if (column.type_name == "SERIAL") {
        column.type_name = "BIGINT UNSIGNED";
        column.optional = false;
        column.auto_incremented = true;
        definition.is_unique = true;
    } else if (column.type_name == "ENUM" || column.type_name == "SET") {
        read_literals(in, column);
    } else {
        read_dimension(in, column);
        settle_dimension(column);
    }
    read_type_suffix(in, column);
    std::optional<std::string> collation;
    while (in.ok() && !in.at_end() && !in.is_symbol(',') && !in.is_symbol(')')) {
        if (in.is_any("FIRST", "AFTER")) break;
        if (!read_attribute(in, definition, collation, default_declared, keep_comments)) {
            in.fail();
            return definition;
        }
    }
    if (column.jdbc_type == jdbc::kNChar || column.jdbc_type == jdbc::kNVarchar) column.charset = "utf8mb3";
    if (is_character_type(column.type_name) && !column.charset && collation)
        column.charset = charset_of_collation(*collation);
    if (is_character_type(column.type_name) && !column.charset) column.charset = default_charset;
    if (!is_character_type(column.type_name)) column.charset.reset();
    settle_binary(column);
    settle_default(column, default_declared);
    return definition;
}

}  // namespace millrace::binlog::ddl
