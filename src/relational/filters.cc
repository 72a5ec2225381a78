#include "relational/filters.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::relational {
namespace {

/// Splits at commas that no backslash precedes.
std::vector<std::string> split_expressions(std::string_view list) {
    std::vector<std::string> kept;
    std::string part;
    const auto finish = [&] {
        if (const auto word = trimmed(part); !word.empty()) kept.push_back(replace_all(std::string(word), "\\,", ","));
        part.clear();
    };
    for (size_t i = 0; i < list.size(); ++i) {
        if (list[i] == ',') {
            finish();
            continue;
        }
        part += list[i];
        if (list[i] == '\\' && i + 1 < list.size()) part += list[++i];
    }
    finish();
    return kept;
}

}  // namespace

NamePatterns::NamePatterns(const std::string& property, std::string_view list) {
    for (const auto& expression : split_expressions(list)) {
        try {
            patterns_.emplace_back(expression, Regex::Case::Ignored);
        } catch (const std::invalid_argument& fault) {
            throw ConfigError(property, format("The '{}' value is invalid: A comma-separated list of valid regular "
                                               "expressions is expected, but '{}' is none: {}",
                                               property, expression, fault.what()));
        }
    }
}

std::optional<size_t> NamePatterns::first_match(const std::string& name) const {
    for (size_t i = 0; i < patterns_.size(); ++i)
        if (patterns_[i].matches(name)) return i;
    return std::nullopt;
}

bool NamePatterns::match(const std::string& name) const {
    return first_match(name).has_value();
}

Filters::Filters(const config::Settings& settings, const Namespaces& namespaces) : namespaces_(namespaces) {
    const std::string space_include = format("{}.include.list", namespaces.word);
    const std::string space_exclude = format("{}.exclude.list", namespaces.word);
    const auto patterns = [&](const std::string& name) { return NamePatterns(name, settings.text(name)); };
    const auto exclusive = [&](const std::string& include, const std::string& exclude) {
        if (!settings.text(include).empty() && !settings.text(exclude).empty())
            throw ConfigError(exclude,
                              format("The '{}' value is invalid: \"{}\" is already specified", exclude, include));
    };
    exclusive(space_include, space_exclude);
    exclusive("table.include.list", "table.exclude.list");
    exclusive("column.include.list", "column.exclude.list");
    space_include_ = patterns(space_include);
    space_exclude_ = patterns(space_exclude);
    table_include_ = patterns("table.include.list");
    table_exclude_ = patterns("table.exclude.list");
    column_include_ = patterns("column.include.list");
    column_exclude_ = patterns("column.exclude.list");
    ignores_builtin_ = settings.boolean("table.ignore.builtin", true);
    const auto listed = settings.list("signal.data.collection");
    const std::string signals = listed.empty() ? std::string() : listed[0];
    const size_t dot = signals.find('.');
    if (dot == std::string::npos) return;  // refused by the connector's check of its settings
    signal_table_ =
        TableId{replace_all(signals.substr(0, dot), "`", ""), replace_all(signals.substr(dot + 1), "`", "")};
}

bool Filters::captures_namespace(const std::string& name) const {
    if (ignores_builtin_ && namespaces_.is_builtin(name)) return false;
    if (!space_include_.empty()) return space_include_.match(name);
    return !space_exclude_.match(name);
}

bool Filters::captures(const TableId& table) const {
    if (is_signal_table(table)) return true;
    if (!captures_namespace(table.database)) return false;
    if (ignores_builtin_ && namespaces_.is_builtin_table(table.table)) return false;
    if (!table_include_.empty()) return table_include_.match(table.dotted());
    return !table_exclude_.match(table.dotted());
}

bool Filters::captures_column(const TableId& table, const std::string& column) const {
    if (column_include_.empty() && column_exclude_.empty()) return true;
    const std::string name = table.dotted() + "." + column;
    return column_include_.empty() ? !column_exclude_.match(name) : column_include_.match(name);
}

void Filters::sort_for_snapshot(std::vector<TableId>& tables) const {
    const auto rank = [&](const TableId& id) { return table_include_.first_match(id.dotted()).value_or(SIZE_MAX); };
    std::vector<std::pair<size_t, TableId>> ranked;
    for (auto& id : tables) {
        const size_t place = rank(id);
        ranked.emplace_back(place, std::move(id));
    }
    std::sort(ranked.begin(), ranked.end());
    tables.clear();
    for (auto& entry : ranked) tables.push_back(std::move(entry.second));
}

KeyColumns::KeyColumns(const config::Settings& settings) {
    constexpr const char* kName = "message.key.columns";
    if (!settings.has(kName)) return;
    std::vector<std::string> problems;
    if (settings.text(kName).empty()) problems.push_back("Must not be empty");
    auto entries = split(settings.text(kName), ';');
    while (entries.size() > 1 && entries.back().empty()) entries.pop_back();
    for (const auto& entry : entries) {
        const size_t colon = entry.find(':');
        const std::string columns = colon == std::string::npos ? std::string() : entry.substr(colon + 1);
        const auto names = split(columns, ',');
        const bool is_valid = colon != 0 && !columns.empty() && columns.find(':') == std::string::npos &&
                              std::none_of(names.begin(), names.end(), [](const auto& name) { return name.empty(); });
        if (is_valid)
            for (const auto& column : split_list(columns))
                entries_.emplace_back(kName, entry.substr(0, colon) + "." + column);
        else
            problems.push_back(entry + R"( has an invalid format (expecting '^\s*([^:]+):([^:,]+(,[^:,]+)*)\s*$'))");
    }
    if (problems.empty()) return;
    for (auto& problem : problems) problem = format("The '{}' value is invalid: {}", kName, problem);
    throw ConfigError(kName, join(problems, "\n"));
}

std::vector<std::string> KeyColumns::of(const Table& table) const {
    std::vector<std::string> columns;
    for (const auto& entry : entries_)
        for (const auto& column : table.columns)
            if (entry.match(table.id.dotted() + "." + column.name)) columns.push_back(column.name);
    return columns.empty() ? table.primary_key : columns;
}

}  // namespace millrace::relational
