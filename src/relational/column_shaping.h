#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "relational/filters.h"

namespace millrace::relational {

/// What becomes of one column's values and schema beyond its type.
struct ColumnShape {
    enum class Kind {
        AsIs,
        Truncate,   ///< column.truncate.to.N.chars: text to N UTF-16 units, binary to N bytes.
        Mask,       ///< column.mask.with.N.chars: N asterisks in place of text, of NULL too.
        HashV1,     ///< column.mask.hash.ALGORITHM.with.salt.SALT: over the Java serialisation of the text.
        HashV2,     ///< column.mask.hash.v2.…: over the text's UTF-8.
        Propagate,  ///< column. and datatype.propagate.source.type: the declared type as schema parameters.
    };
    Kind kind = Kind::AsIs;
    int length = 0;  ///< Of Truncate and Mask.
    std::string algorithm, salt;
    std::string property;  ///< Which says so.
};

/// The properties that shape columns. The first that names a column is the only one that counts, in the order of
/// ColumnShape::Kind's members but for Propagate, which stands before the hashes, as in Debezium.
class ColumnShaping {
  public:
    /// Throws ConfigError naming the property.
    explicit ColumnShaping(const config::Settings& settings);

    ColumnShape find(const TableId& table, const Column& column) const;

  private:
    struct Rule {
        NamePatterns columns;
        bool by_type = false;  ///< The expressions match DATABASE.TABLE.TYPE, not DATABASE.TABLE.COLUMN.
        ColumnShape shape;
    };
    std::vector<Rule> rules_;
};

}  // namespace millrace::relational
