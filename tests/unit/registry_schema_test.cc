/// Random records in the formats that registries keep schemas of: what is written of a record that nobody has opened is
/// what is written of an opened one, and it is well-formed.
#include <gtest/gtest.h>

#include "base/byte_cursor.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "base/varint.h"
#include "convert/avro_schema.h"
#include "convert/json_schema.h"
#include "convert/protobuf_schema.h"
#include "random_records.h"

namespace millrace {
namespace {

using record::Schema;
using record::SchemaPtr;
using record::Type;
using record::Value;

constexpr int kCases = 10'000;

/// With names that every format takes, and no two structs of one.
SchemaPtr named_plainly(const Schema& schema, int& structs) {
    Schema made = schema;
    if (made.type == Type::Struct) made.name = format("some.Name{}", ++structs);
    for (size_t i = 0; i < made.fields.size(); ++i)
        made.fields[i] = {format("f{}", i), named_plainly(*made.fields[i].schema, structs)};
    if (made.items) made.items = named_plainly(*made.items, structs);
    return record::made(std::move(made));
}

/// Whether bytes are fields of Protobuf's wire format, one after the other to the end.
bool is_message(std::string_view bytes) {
    ByteCursor cursor(bytes);
    while (!cursor.empty() && cursor.ok()) {
        const uint64_t tag = varint::read(cursor);
        const unsigned wire = tag & 7;
        if (tag >> 3 == 0 || (wire != 0 && wire != 1 && wire != 2 && wire != 5)) return false;
        if (wire == 0)
            varint::read(cursor);
        else
            cursor.skip(wire == 1 ? 8 : wire == 5 ? 4 : varint::read(cursor));
    }
    return cursor.ok();
}

/// What a format makes of a value, or why it makes nothing.
template <typename Format, typename Options>
std::string written(const SchemaPtr& schema, const Options& options, const Value& value, record::Arena& arena) {
    try {
        Format made(schema, options);
        std::string out;
        made.append(out, value, arena);
        return out;
    } catch (const FatalError& fault) {
        return std::string("refused: ") + fault.what();
    }
}

TEST(RegistrySchemas, WriteTheSameOfAnUnopenedRecordAsOfAnOpenedOne) {
    int messages = 0, documents = 0;
    for (unsigned seed = 0; seed < kCases; ++seed) {
        Generator random(seed);
        int structs = 0;
        const SchemaPtr schema = named_plainly(*random.row("t", false), structs);
        const Value value = random.full_value(*schema, 0),
                    unopened = Value::json(random.arena.copy(Generator::json_of(*schema, value)));
        const convert::ProtobufSchema::Options nullables = {random.chance(30), random.chance(30), random.chance(50)};
        const std::string protobuf = written<convert::ProtobufSchema>(schema, nullables, value, random.arena);
        ASSERT_EQ(protobuf, (written<convert::ProtobufSchema>(schema, nullables, unopened, random.arena)))
            << "seed " << seed;
        const convert::AvroSchema::Options avro = {random.chance(50), random.chance(50)};
        ASSERT_EQ((written<convert::AvroSchema>(schema, avro, value, random.arena)),
                  (written<convert::AvroSchema>(schema, avro, unopened, random.arena)))
            << "seed " << seed;
        const convert::JsonSchema::Options json = {{false, random.chance(50), random.chance(50)}, random.chance(50)};
        const std::string document = written<convert::JsonSchema>(schema, json, value, random.arena);
        ASSERT_EQ(document, (written<convert::JsonSchema>(schema, json, unopened, random.arena))) << "seed " << seed;
        if (!protobuf.starts_with("refused: ")) {
            ASSERT_TRUE(protobuf[0] == 0 && is_message(std::string_view(protobuf).substr(1))) << "seed " << seed;
            ++messages;
        }
        if (document.starts_with("refused: ")) continue;
        ASSERT_TRUE(parse_json(document)) << "seed " << seed << ": " << document;
        ASSERT_TRUE(parse_json(convert::JsonSchema(schema, json).text())) << "seed " << seed;
        ++documents;
    }
    EXPECT_GT(messages, kCases / 4);
    EXPECT_GT(documents, kCases / 2);
}

}  // namespace
}  // namespace millrace
