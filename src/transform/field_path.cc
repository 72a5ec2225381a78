#include "transform/field_path.h"

namespace millrace::transform {
namespace {

/// KIP-821: dots part the steps; a step may stand in backticks, in which a backslash keeps a backtick.
std::vector<std::string> parse(std::string_view path, const std::string& property) {
    std::vector<std::string> steps;
    size_t at = 0;
    while (at <= path.size()) {
        if (at < path.size() && path[at] == '`') {
            size_t close = at + 1;
            while (close < path.size() && !(path[close] == '`' && path[close - 1] != '\\' &&
                                            (close + 1 == path.size() || path[close + 1] == '.')))
                ++close;
            if (close >= path.size())
                throw ConfigError(property,
                                  format("Invalid value {} for configuration {}: Incomplete backtick pair in "
                                         "path: [{}], consider adding a backslash before backtick at position {} "
                                         "to escape it",
                                         path, property, path, at));
            steps.push_back(replace_all(std::string(path.substr(at + 1, close - at - 1)), "\\`", "`"));
            at = close + 2;
            if (close + 1 == path.size()) break;
            continue;
        }
        const size_t dot = path.find('.', at);
        steps.emplace_back(
            replace_all(std::string(path.substr(at, dot == std::string_view::npos ? dot : dot - at)), "\\`", "`"));
        if (dot == std::string_view::npos) break;
        at = dot + 1;
    }
    return steps;
}

}  // namespace

FieldPath::FieldPath(const std::string& path, const std::string& property, bool is_nested) {
    if (is_nested)
        steps_ = parse(path, property);
    else
        steps_.push_back(path);
}

record::SchemaPtr FieldPath::schema_in(const record::SchemaPtr& schema) const {
    record::SchemaPtr at = schema;
    for (const auto& step : steps_) {
        if (at->type != record::Type::Struct) return nullptr;
        const auto* field = at->field(step);
        if (field == nullptr) return nullptr;
        at = field->schema;
    }
    return at;
}

record::Value FieldPath::value_in(const record::StructView& view, record::Nulls nulls) const {
    std::optional<record::StructView> at = view;
    for (size_t i = 0; i + 1 < steps_.size() && at; ++i) at = at->inner(steps_[i], nulls);
    return at ? at->get(steps_.back(), nulls) : record::Value();
}

}  // namespace millrace::transform
