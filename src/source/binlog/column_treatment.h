#pragma once

#include <string>

#include "relational/column_shaping.h"

namespace millrace::binlog {

/// What a custom converter (`converters`) makes of a column.
struct ColumnConversion {
    enum class Kind {
        None,
        Boolean,       ///< TinyIntOneToBooleanConverter: whether the number is above zero.
        SmallBoolean,  ///< JdbcSinkDataTypesConverter, selector.boolean: the same as 1 and 0.
        Real,          ///< The same, selector.real.
        Double,        ///< The same, selector.real with treat.real.as.double.
        Text,          ///< The same, selector.string: text with its character set as a parameter.
        ZeroDate,      ///< ZeroDateFallbackConverter
    };
    Kind kind = Kind::None;
    std::string charset;            ///< Of Text: as the parameter names it.
    bool decodes_charset = true;    ///< Of Text: false reads the bytes as UTF-8 whatever they are, as Debezium does.
    std::string fallback = "null";  ///< Of ZeroDate: the JSON in place of zero dates and NULL.
};

/// All that the configuration says of one column.
struct ColumnTreatment {
    std::string field;  ///< Its name in the event.
    relational::ColumnShape shape;
    ColumnConversion conversion;
};

}  // namespace millrace::binlog
