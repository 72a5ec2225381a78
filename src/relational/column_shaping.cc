#include "relational/column_shaping.h"

#include "base/digest.h"
#include "base/errors.h"
#include "base/regex.h"
#include "base/text.h"

namespace millrace::relational {
namespace {

using Kind = ColumnShape::Kind;

struct Property {
    const char* name;  ///< A regular expression.
    Kind kind;
    bool by_type = false;
};
/// In the order of precedence.
constexpr Property kProperties[] = {
    {R"(column\.truncate\.to\.(\d+)\.chars)", Kind::Truncate},
    {R"(column\.mask\.with\.(\d+)\.chars)", Kind::Mask},
    {R"(column\.propagate\.source\.type)", Kind::Propagate},
    {R"(datatype\.propagate\.source\.type)", Kind::Propagate, true},
    {R"(column\.mask\.hash\.([^.]+)\.with\.salt\.(.+))", Kind::HashV1},
    {R"(column\.mask\.hash\.v2\.([^.]+)\.with\.salt\.(.+))", Kind::HashV2},
};

ColumnShape shape_of(const Property& property, const std::vector<std::string>& groups) {
    ColumnShape shape;
    shape.kind = property.kind;
    shape.property = groups[0];
    if (property.kind == Kind::Truncate || property.kind == Kind::Mask) {
        const auto length = parse_int(groups[1]);
        if (!length || *length > INT32_MAX)
            throw ConfigError(groups[0], format("The '{}' value is invalid: {} is no length", groups[0], groups[1]));
        shape.length = static_cast<int>(*length);
    } else if (property.kind != Kind::Propagate) {
        shape.algorithm = groups[1];
        shape.salt = groups[2];
        if (!Digest::make(shape.algorithm))
            throw ConfigError(
                groups[0], format("The '{}' value is invalid: there is no digest {}; use SHA-256, SHA-512, SHA3-256, "
                                  "SHA-1 or MD5",
                                  groups[0], shape.algorithm));
    }
    return shape;
}

}  // namespace

ColumnShaping::ColumnShaping(const config::Settings& settings) {
    for (const auto& property : kProperties) {
        const Regex name(property.name);
        for (const auto& [key, value] : settings.values()) {
            const auto groups = name.match_groups(key);
            if (!groups || trimmed(value).empty()) continue;
            rules_.push_back({NamePatterns(key, value), property.by_type, shape_of(property, *groups)});
        }
    }
}

ColumnShape ColumnShaping::find(const TableId& table, const Column& column) const {
    for (const auto& rule : rules_)
        if (rule.columns.match(table.dotted() + "." + (rule.by_type ? column.type_name : column.name)))
            return rule.shape;
    return {};
}

}  // namespace millrace::relational
