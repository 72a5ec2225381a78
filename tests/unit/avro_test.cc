/// Avro schemas and bytes against what the converters' own AvroData (Apicurio's, a fork of Confluent's) makes of the
/// records of tests/transforms/cases.json: avro.json there, made by AvroOracle.java.
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/errors.h"
#include "base/json.h"
#include "convert/avro_schema.h"
#include "convert/schema_reader.h"
#include "recorded_cases.h"

namespace millrace::convert {
namespace {

TEST(Avro, SchemasAndBytesAreThoseOfTheConvertersOfConfluentAndApicurio) {
    const Json cases = recorded("cases.json"), expected = recorded("avro.json");
    size_t compared = 0;
    for (const auto& [name, record] : cases["records"].items()) {
        for (const char* side : {"key", "value"}) {
            if (record[side].is_null()) continue;
            SCOPED_TRACE(name + " " + side);
            const std::string text = to_text(record[side]);
            SchemaReader reader;
            record::Arena arena;
            std::string_view payload;
            const auto& schema = reader.of_record(text, payload);
            const Json& wanted = expected.at(name).at(side);
            if (wanted.contains("error")) {
                EXPECT_THROW(AvroSchema(schema, {}), FatalError);
                continue;
            }
            AvroSchema avro(schema, {});
            EXPECT_EQ(avro.text(), wanted["schema"].get<std::string>());
            std::string bytes, base64;
            avro.append(bytes, record::Value::json(payload), arena);
            base64::append(base64, bytes);
            EXPECT_EQ(base64, wanted["bytes"].get<std::string>());
            ++compared;
        }
    }
    EXPECT_GT(compared, 30u);
}

}  // namespace
}  // namespace millrace::convert
