#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace millrace::postgres {

class Connection;

/// Object identifiers of built-in types that have a form of their own (catalog/pg_type.dat).
namespace oid {
constexpr uint32_t kBool = 16, kBytea = 17, kChar = 18, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25,
                   kOid = 26, kJson = 114, kXml = 142, kPoint = 600, kCidr = 650, kFloat4 = 700, kFloat8 = 701,
                   kMacaddr8 = 774, kMoney = 790, kMacaddr = 829, kInet = 869, kBpchar = 1042, kVarchar = 1043,
                   kDate = 1082, kTime = 1083, kTimestamp = 1114, kTimestamptz = 1184, kInterval = 1186, kTimetz = 1266,
                   kBit = 1560, kVarbit = 1562, kNumeric = 1700, kUuid = 2950, kTsvector = 3614, kJsonb = 3802,
                   kInt4Range = 3904, kNumRange = 3906, kTsRange = 3908, kTstzRange = 3910, kDateRange = 3912,
                   kInt8Range = 3926, kRefCursor = 1790;
}

/// A type as the catalogue has it.
struct PgType {
    uint32_t oid = 0;
    std::string name;                 ///< "int4", "_text", "mood"
    char kind = 'b';                  ///< pg_type.typtype: b, c, d, e, m, p, r.
    uint32_t element = 0;             ///< Of an array; 0: it is none.
    uint32_t base = 0;                ///< Of a domain.
    int32_t base_modifier = -1;       ///< The modifier that a domain puts on its base.
    std::vector<std::string> labels;  ///< Of an enum, in order.
};

/// The types of one database; those that come into being later are read when they are asked for. Used by one thread.
class PgTypes {
  public:
    /// `connection` outlives this. Throws ServerError.
    explicit PgTypes(Connection& connection);

    /// Throws FatalError if the server does not know the type (any more).
    const PgType& get(uint32_t oid);
    /// A domain's type behind all domains, with the modifier that applies; others are their own.
    struct Root {
        const PgType& type;
        int32_t modifier;
    };
    Root root(uint32_t oid, int32_t modifier);
    /// An enum has other labels now.
    void forget(uint32_t oid) { types_.erase(oid); }

  private:
    void load(const std::string& condition);

    Connection& connection_;
    std::map<uint32_t, PgType> types_;
};

/// What JDBC calls the size and the decimal digits of a column of such a type; PostgreSQL's JDBC driver computes them
/// so, and Debezium's schemas show them.
struct TypeSize {
    int length = 0;
    int scale = 0;
};
TypeSize size_of(uint32_t root_oid, int32_t modifier);

/// java.sql.Types of a root type.
int jdbc_type_of(uint32_t root_oid);

}  // namespace millrace::postgres
