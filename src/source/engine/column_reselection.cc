#include "source/engine/column_reselection.h"

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "record/json_value.h"

namespace millrace::engine {
namespace {

constexpr const char* kProperty = "post.processors";
constexpr const char* kClass = "io.debezium.processors.reselect.ReselectColumnsPostProcessor";

[[noreturn]] void refuse(const std::string& property, const std::string& what) {
    throw ConfigError(property, format("The '{}' value is invalid: {}", property, what));
}

bool flag(const config::Settings& settings, const std::string& property, bool fallback) {
    const std::string value = settings.text(property);
    if (value.empty()) return fallback;
    if (!iequals(value, "true") && !iequals(value, "false")) refuse(property, value + " is neither true nor false");
    return iequals(value, "true");
}

}  // namespace

ColumnReselection::ColumnReselection(const config::Settings& settings) {
    for (const auto& name : settings.list(kProperty)) rules_.push_back(rule_of(name, settings));
}

ColumnReselection::Rule ColumnReselection::rule_of(const std::string& name, const config::Settings& settings) {
    // NAME.type is how Debezium 2 had it; it counts where there is nothing under the full name
    const std::string full = format("{}.{}.", kProperty, name);
    const bool is_former = settings.text(full + "type").empty() && !settings.text(name + ".type").empty();
    const std::string prefix = is_former ? name + "." : full;
    const std::string type = settings.text(prefix + "type");
    if (type != kClass)
        refuse(kProperty, format("{}type is {}; the one post processor there is here is {}, and what a class of your "
                                 "own does can be done with a transform",
                                 full, type.empty() ? "missing" : type, kClass));
    const auto patterns = [&](const char* option) {
        return relational::NamePatterns(prefix + option, settings.text(prefix + option));
    };
    Rule rule;
    rule.name = name;
    rule.included = patterns("reselect.columns.include.list");
    rule.excluded = patterns("reselect.columns.exclude.list");
    rule.unavailable_values = flag(settings, prefix + "reselect.unavailable.values", true);
    rule.null_values = flag(settings, prefix + "reselect.null.values", true);
    if (flag(settings, prefix + "reselect.use.event.key", false)) rule.key = RowLookup::Key::Event;
    const std::string mode = settings.text(prefix + "reselect.error.handling.mode", "warn");
    if (!iequals(mode, "warn") && !iequals(mode, "fail"))
        refuse(prefix + "reselect.error.handling.mode", mode + " is neither warn nor fail");
    rule.fails = iequals(mode, "fail");
    return rule;
}

const ColumnReselection::Selection& ColumnReselection::selection(const std::shared_ptr<const RecordShape>& shape) {
    Selection& selection = selections_[shape.get()];
    if (selection.shape == shape) return selection;
    selection.shape = shape;
    for (const Rule& rule : rules_) {
        auto& selected = selection.by_rule.emplace_back();
        for (const auto& field : shape->row_fields()) {
            const std::string name = shape->id().dotted() + ":" + field.column;
            selected.push_back(rule.included.empty() ? !rule.excluded.match(name) : rule.included.match(name));
        }
    }
    return selection;
}

/// Where the struct that begins at `begin` has its values.
void ColumnReselection::split_row(const std::string& text, size_t begin, std::vector<Span>& values) {
    values.clear();
    const char* const start = text.data();
    const char* const end = start + text.size();
    for (const char* at = start + begin + 1; at < end && *at != '}';) {
        if (*at == ',') ++at;
        const char* const colon = record::skip_json(at, end);
        const char* const behind = colon == nullptr ? nullptr : record::skip_json(colon + 1, end);
        if (behind == nullptr) return;
        values.push_back({static_cast<size_t>(colon + 1 - start), static_cast<size_t>(behind - start)});
        at = behind;
    }
}

void ColumnReselection::find_wanted(const Rule& rule, const std::vector<bool>& selected, const RecordShape& shape,
                                    const std::string& out) {
    wanted_.clear();
    const auto& fields = shape.row_fields();
    for (size_t i = 0; i < fields.size() && i < values_.size(); ++i) {
        const auto text = std::string_view(out).substr(values_[i].begin, values_[i].end - values_[i].begin);
        // a null with a default is that default to whom reads the struct
        const bool is_null = text == "null" && !fields[i].has_default;
        const bool is_unavailable = !fields[i].unavailable_json.empty() && text == fields[i].unavailable_json;
        if (selected[i] && ((rule.null_values && is_null) || (rule.unavailable_values && is_unavailable)))
            wanted_.push_back(i);
    }
}

void ColumnReselection::replace_wanted(std::string& out) const {
    for (size_t i = wanted_.size(); i-- > 0;) {
        const Span old = values_[wanted_[i]], found = found_[wanted_[i]];
        out.replace(old.begin, old.end - old.begin, row_json_, found.begin, found.end - found.begin);
    }
}

void ColumnReselection::complete(const std::shared_ptr<const RecordShape>& shape, std::string& out, size_t begin,
                                 RowLookup& lookup) {
    if (!shape->has_key()) return;
    const Selection& chosen = selection(shape);
    for (size_t i = 0; i < rules_.size(); ++i) {
        split_row(out, begin, values_);
        find_wanted(rules_[i], chosen.by_rule[i], *shape, out);
        if (wanted_.empty()) continue;
        row_json_.clear();
        auto fault = lookup.look_up(wanted_, rules_[i].key, row_json_);
        if (!fault) {
            split_row(row_json_, 0, found_);
            if (found_.size() == values_.size()) {
                replace_wanted(out);
                continue;
            }
            fault = "its structure has changed";
        }
        std::vector<std::string> columns;
        for (const size_t field : wanted_) columns.push_back(shape->row_fields()[field].column);
        const std::string message = format("{} of table {} could not be read again (post processor {}): {}",
                                           join(columns, ", "), shape->id().dotted(), rules_[i].name, *fault);
        if (rules_[i].fails)
            throw FatalError(message +
                             ". With reselect.error.handling.mode=warn the record is written with what the log has");
        log::warn("reselect", message + "; the record is written with what the log has");
    }
}

}  // namespace millrace::engine
