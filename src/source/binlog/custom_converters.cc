#include "source/binlog/custom_converters.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::binlog {
namespace {

using Kind = ColumnConversion::Kind;

std::string_view simple_name(std::string_view class_name) {
    for (const std::string_view package :
         {"io.debezium.connector.binlog.converters.", "io.debezium.connector.mysql.converters."})
        if (class_name.starts_with(package)) return class_name.substr(package.size());
    return {};
}

/// Java's Boolean.parseBoolean, behind which the fallback stands for an empty text.
bool boolean(const config::Settings& settings, const std::string& name, bool fallback) {
    const std::string value = settings.text(name);
    return value.empty() ? fallback : iequals(value, "true");
}

}  // namespace

CustomConverters::CustomConverters(const config::Settings& settings) {
    for (const auto& name : settings.list("converters")) {
        const std::string type = settings.text(name + ".type");
        const auto patterns = [&](const char* property) {
            return relational::NamePatterns(name + property, settings.text(name + property));
        };
        Converter converter;
        if (simple_name(type) == "TinyIntOneToBooleanConverter") {
            converter.type = Type::TinyIntOneToBoolean;
            converter.selector = patterns(".selector");
            converter.checks_length = boolean(settings, name + ".length.checker", true);
        } else if (simple_name(type) == "JdbcSinkDataTypesConverter") {
            converter.type = Type::JdbcSinkDataTypes;
            converter.booleans = patterns(".selector.boolean");
            converter.reals = patterns(".selector.real");
            converter.texts = patterns(".selector.string");
            converter.reals_are_doubles = boolean(settings, name + ".treat.real.as.double", true);
            converter.decodes_charset = boolean(settings, name + ".decode.character.set", false);
        } else if (simple_name(type) == "ZeroDateFallbackConverter") {
            converter.type = Type::ZeroDate;
            converter.zero_dates.emplace(name, settings);
        } else {
            throw ConfigError("converters",
                              format("The '{}.type' value is invalid: there is no converter {} here. Those of "
                                     "io.debezium.connector.binlog.converters are TinyIntOneToBooleanConverter, "
                                     "JdbcSinkDataTypesConverter and ZeroDateFallbackConverter; what another class "
                                     "does to values can be done with a "
                                     "transform",
                                     name, type.empty() ? "without a class" : type));
        }
        converters_.push_back(std::move(converter));
    }
}

std::optional<ColumnConversion> CustomConverters::ask(const Converter& converter, const std::string& name,
                                                      const relational::Column& column) const {
    ColumnConversion conversion;
    if (converter.type == Type::ZeroDate) return converter.zero_dates->find(name, column);
    if (converter.type == Type::TinyIntOneToBoolean) {
        const std::string type = upper(column.type_name);
        if (type != "TINYINT" && type != "TINYINT UNSIGNED") return std::nullopt;
        if (converter.checks_length && column.length.value_or(-1) != 1) return std::nullopt;
        if (!converter.selector.empty() && !converter.selector.match(name)) return std::nullopt;
        conversion.kind = Kind::Boolean;
    } else if (converter.booleans.match(name)) {
        conversion.kind = Kind::SmallBoolean;
    } else if (converter.reals.match(name)) {
        conversion.kind = converter.reals_are_doubles ? Kind::Double : Kind::Real;
    } else if (converter.texts.match(name)) {
        conversion.kind = Kind::Text;
        conversion.charset = column.charset.value_or("");
        conversion.decodes_charset = converter.decodes_charset;
    } else {
        return std::nullopt;
    }
    return conversion;
}

ColumnConversion CustomConverters::find(const relational::TableId& table, const relational::Column& column) const {
    for (const auto& converter : converters_)
        if (auto conversion = ask(converter, table.dotted() + "." + column.name, column)) return *conversion;
    return {};
}

}  // namespace millrace::binlog
