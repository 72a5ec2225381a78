#include "transform/value_equality.h"

#include <bit>

#include "record/json_value.h"

namespace millrace::transform {

using record::Value;

bool equal(const record::Schema& schema, const Value& raw_a, const Value& raw_b, record::Arena& arena) {
    if (raw_a.is(Value::Kind::Json) && raw_b.is(Value::Kind::Json) && raw_a.json() == raw_b.json()) return true;
    const Value a = record::opened(schema, raw_a, arena), b = record::opened(schema, raw_b, arena);
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case Value::Kind::Null:
            return true;
        case Value::Kind::Boolean:
        case Value::Kind::Integer:
            return a.integer() == b.integer();
        case Value::Kind::Float32:
        case Value::Kind::Float64:  // NaN equals itself, 0.0 is not -0.0
            return std::bit_cast<uint64_t>(a.floating()) == std::bit_cast<uint64_t>(b.floating());
        case Value::Kind::Text:
        case Value::Kind::Bytes:
        case Value::Kind::Json:
            return a.text() == b.text();
        case Value::Kind::List:
        case Value::Kind::Map:
            break;
    }
    const auto as = a.children(), bs = b.children();
    if (as.size() != bs.size()) return false;
    for (size_t i = 0; i < as.size(); ++i) {
        const record::Schema& part = schema.type == record::Type::Struct    ? *schema.fields[i].schema
                                     : a.is(Value::Kind::Map) && i % 2 == 0 ? *schema.keys
                                                                            : *schema.items;
        if (!equal(part, as[i], bs[i], arena)) return false;
    }
    return true;
}

}  // namespace millrace::transform
