#include "source/postgres/pg_type.h"

#include "base/errors.h"
#include "base/text.h"
#include "relational/table.h"
#include "source/postgres/connection.h"

namespace millrace::postgres {
namespace {

constexpr int kUnknownLength = 2147483647;
constexpr int kNumericLength = 131089;  ///< What the driver shows for a numeric without precision.

uint32_t number(const std::optional<std::string>& text) {
    return static_cast<uint32_t>(parse_int(text.value_or("0")).value_or(0));
}

/// TypeInfoCache.getPrecision
int precision_of(uint32_t type, int32_t modifier) {
    switch (type) {
        case oid::kInt2:
            return 5;
        case oid::kOid:
        case oid::kInt4:
            return 10;
        case oid::kInt8:
            return 19;
        case oid::kFloat4:
            return 8;
        case oid::kFloat8:
            return 17;
        case oid::kNumeric:
            return modifier == -1 ? 0 : ((modifier - 4) & static_cast<int32_t>(0xFFFF0000)) >> 16;
        case oid::kChar:
        case oid::kBool:
            return 1;
        case oid::kBpchar:
        case oid::kVarchar:
            return modifier == -1 ? 0 : modifier - 4;
        case oid::kBit:
            return modifier == -1 ? 1 : modifier;
        case oid::kVarbit:
            return modifier == -1 ? 0 : modifier;
        default:
            return 0;
    }
}

int seconds_size(int32_t modifier) {
    if (modifier == -1) return 7;  // six digits and the point
    return modifier == 0 ? 0 : modifier == 1 ? 3 : modifier + 1;
}

/// TypeInfoCache.getDisplaySize
int display_size_of(uint32_t type, int32_t modifier) {
    switch (type) {
        case oid::kInt2:
            return 6;
        case oid::kInt4:
            return 11;
        case oid::kOid:
            return 10;
        case oid::kInt8:
            return 20;
        case oid::kFloat4:
            return 15;
        case oid::kFloat8:
            return 25;
        case oid::kChar:
        case oid::kBool:
            return 1;
        case oid::kDate:
            return 13;
        case oid::kTime:
            return 8 + seconds_size(modifier);
        case oid::kTimetz:
            return 8 + seconds_size(modifier) + 6;
        case oid::kTimestamp:
            return 13 + 1 + 8 + seconds_size(modifier);
        case oid::kTimestamptz:
            return 13 + 1 + 8 + seconds_size(modifier) + 6;
        case oid::kInterval:
            return 49;
        case oid::kBpchar:
        case oid::kVarchar:
            return modifier == -1 ? kUnknownLength : modifier - 4;
        case oid::kNumeric: {
            if (modifier == -1) return kNumericLength;
            const int precision = (modifier - 4) >> 16 & 0xFFFF;
            const int scale = (modifier - 4) & 0xFFFF;
            return 1 + precision + (scale != 0 ? 1 : 0);
        }
        case oid::kBit:
            return modifier;
        case oid::kVarbit:
            return modifier == -1 ? kUnknownLength : modifier;
        default:
            return kUnknownLength;
    }
}

/// TypeInfoCache.getScale
int scale_of(uint32_t type, int32_t modifier) {
    switch (type) {
        case oid::kFloat4:
            return 8;
        case oid::kFloat8:
            return 17;
        case oid::kNumeric: {
            if (modifier == -1) return 0;
            const int scale = (modifier - 4) & 0x7FF;  // eleven bits, signed
            return scale >= 0x400 ? scale - 0x800 : scale;
        }
        case oid::kTime:
        case oid::kTimetz:
        case oid::kTimestamp:
        case oid::kTimestamptz:
            return modifier == -1 ? 6 : modifier;
        case oid::kInterval:
            return modifier == -1 ? 6 : modifier & 0xFFFF;
        default:
            return 0;
    }
}

}  // namespace

TypeSize size_of(uint32_t root_oid, int32_t modifier) {
    int length = precision_of(root_oid, modifier);
    if (length == 0) length = display_size_of(root_oid, modifier);
    return {length, scale_of(root_oid, modifier)};
}

int jdbc_type_of(uint32_t root_oid) {
    using namespace relational::jdbc;
    switch (root_oid) {
        case oid::kInt2:
            return kSmallInt;
        case oid::kInt4:
            return kInteger;
        case oid::kInt8:
        case oid::kOid:
            return kBigInt;
        case oid::kFloat4:
            return kReal;
        case oid::kFloat8:
        case oid::kMoney:
            return kDouble;
        case oid::kNumeric:
            return kNumeric;
        case oid::kBool:
        case oid::kBit:
            return kBit;
        case oid::kChar:
        case oid::kBpchar:
            return kChar;
        case oid::kVarchar:
        case oid::kText:
        case oid::kName:
            return kVarchar;
        case oid::kBytea:
            return kBinary;
        case oid::kDate:
            return kDate;
        case oid::kTime:
        case oid::kTimetz:
            return kTime;
        case oid::kTimestamp:
        case oid::kTimestamptz:
            return kTimestamp;
        default:
            return kOther;
    }
}

PgTypes::PgTypes(Connection& connection) : connection_(connection) {
    load("true");
}

void PgTypes::load(const std::string& condition) {
    const auto rows = connection_.rows(
        "SELECT t.oid, t.typname, t.typtype, CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem ELSE 0 END,"
        " t.typbasetype, t.typtypmod FROM pg_catalog.pg_type t WHERE " +
        condition);
    for (const auto& row : rows) {
        PgType type;
        type.oid = number(row[0]);
        type.name = row[1].value_or("");
        type.kind = row[2].value_or("b")[0];
        type.element = number(row[3]);
        type.base = number(row[4]);
        type.base_modifier = static_cast<int32_t>(parse_int(row[5].value_or("-1")).value_or(-1));
        types_[type.oid] = std::move(type);
    }
    for (const auto& row : connection_.rows("SELECT e.enumtypid, e.enumlabel FROM pg_catalog.pg_enum e JOIN "
                                            "pg_catalog.pg_type t ON t.oid = e.enumtypid WHERE " +
                                            condition + " ORDER BY e.enumtypid, e.enumsortorder"))
        if (const auto found = types_.find(number(row[0])); found != types_.end())
            found->second.labels.push_back(row[1].value_or(""));
}

const PgType& PgTypes::get(uint32_t type) {
    const auto found = types_.find(type);
    if (found != types_.end()) return found->second;
    load(format("t.oid = {}", type));
    const auto loaded = types_.find(type);
    if (loaded == types_.end())
        throw FatalError(
            format("A column has the type with the object identifier {}, which the server does not have "
                   "(any more); leave the column out with column.exclude.list",
                   type));
    return loaded->second;
}

PgTypes::Root PgTypes::root(uint32_t type, int32_t modifier) {
    const PgType* at = &get(type);
    while (at->kind == 'd') {
        if (modifier == -1) modifier = at->base_modifier;
        at = &get(at->base);
    }
    return {*at, modifier};
}

}  // namespace millrace::postgres
