#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "relational/filters.h"
#include "source/binlog/column_treatment.h"
#include "source/binlog/zero_date_fallback.h"

namespace millrace::binlog {

/// `converters`: Debezium's converters for MySQL and MariaDB, under the same class names and properties
/// (NAME.type, NAME.selector …). Of several that want a column the first in the list has it. Immutable.
class CustomConverters {
  public:
    /// Throws ConfigError naming the property.
    explicit CustomConverters(const config::Settings& settings);

    ColumnConversion find(const relational::TableId& table, const relational::Column& column) const;

  private:
    enum class Type { TinyIntOneToBoolean, JdbcSinkDataTypes, ZeroDate };
    struct Converter {
        Type type;
        relational::NamePatterns selector;  ///< Empty: all columns that it is for.
        bool checks_length = true;
        relational::NamePatterns booleans, reals, texts;
        bool reals_are_doubles = true;
        bool decodes_charset = false;
        std::optional<ZeroDateFallback> zero_dates;
    };
    std::optional<ColumnConversion> ask(const Converter& converter, const std::string& name,
                                        const relational::Column& column) const;
    std::vector<Converter> converters_;
};

}  // namespace millrace::binlog
