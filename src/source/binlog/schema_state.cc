#include "source/binlog/schema_state.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "events/envelope.h"
#include "source/binlog/databases.h"

namespace millrace::binlog {

SchemaState::SchemaState(Options options, const config::Settings& settings, topiclog::TopicLog& log)
    : options_(std::move(options)),
      filters_(settings, kDatabases),
      keys_(settings),
      log_(log),
      format_(options_.plan.identity.package, source_schema(options_.plan.identity)),
      changes_topic_(options_.plan.naming.schema_changes()),
      key_prefix_(convert::payload_prefix(options_.plan.key_json, *format_.key_schema())),
      value_prefix_(convert::payload_prefix(options_.plan.value_json, *format_.value_schema())) {
    log_.ensure_topic(options_.history_topic, {});
}

bool SchemaState::concerns_captured(const ddl::DdlEvent& event) const {
    return std::any_of(event.changes.begin(), event.changes.end(),
                       [&](const auto& change) { return filters_.captures(change.id); });
}

/// With store.only.captured.tables.ddl a statement is told, all of it, if it concerns a captured table, or creates or
/// drops a captured database.
bool SchemaState::is_published(const ddl::DdlResult& result) const {
    if (!options_.stores_captured_tables_only) return true;
    return std::any_of(result.events.begin(), result.events.end(), [&](const auto& event) {
        return concerns_captured(event) || (!event.table_names && filters_.captures_namespace(event.database));
    });
}

/// With store.only.captured.tables.ddl the history holds captured tables and the server's settings alone.
bool SchemaState::belongs_in_history(const ddl::DdlEvent& event) const {
    if (!options_.stores_captured_tables_only || concerns_captured(event)) return true;
    return event.database.empty() && upper(event.ddl.substr(0, 4)) == "SET ";
}

void SchemaState::write_event(topiclog::AppendBatch& batch, ChangeWriter& writer, const ddl::DdlEvent& event,
                              const Place& place) {
    if (options_.stores_captured_databases_only && !event.database.empty() &&
        !filters_.captures_namespace(event.database))
        return;
    const int64_t ts_ms = now_ms();
    const relational::SchemaHistoryRecord record{
        options_.plan.identity.topic_prefix, place.position_json, ts_ms, event.database, event.ddl, event.changes};
    if (belongs_in_history(event)) {
        const std::string json = record.to_json();
        batch.add(options_.history_topic, nullptr, &json, ts_ms);
    }
    if (!options_.publishes_changes) return;
    SourceInfo info = place.info;
    info.ts_us = info.ts_us / 1000 * 1000;  // Debezium keeps ms only
    info.database = event.database;
    if (event.table_names)
        info.table = *event.table_names;
    else
        info.table.reset();
    writer.note_topic(changes_topic_);
    const std::string key = key_prefix_ + format_.key_payload(event.database) +
                            std::string(convert::payload_suffix(options_.plan.key_json));
    const std::string value = value_prefix_ +
                              format_.value_payload(source_json(writer.head(), info, writer.last_row()), ts_ms,
                                                    event.database, event.ddl, event.changes) +
                              std::string(convert::payload_suffix(options_.plan.value_json));
    batch.add(changes_topic_, &key, &value, ts_ms);
    if (!writer.headers()->empty()) {
        batch.keep(writer.headers());
        auto entry = batch.entries().back();
        entry.headers = writer.headers().get();
        batch.replace_last(entry);
    }
}

void SchemaState::write_statement(topiclog::AppendBatch& batch, ChangeWriter& writer, const std::string& statement,
                                  const Place& place, const std::string& database) {
    write_event(batch, writer, {database, statement, std::nullopt, {}}, place);
}

ddl::DdlResult SchemaState::apply(topiclog::AppendBatch& batch, ChangeWriter& writer, std::string_view statement,
                                  const std::string& database, uint64_t sql_mode, const Place& place) {
    const ddl::DdlContext context{options_.server, database, sql_mode, options_.keep_comments};
    ddl::DdlResult result = ddl::apply_ddl(catalog_, statement, context);
    if (result.problem) {
        const bool captured = std::any_of(result.touched.begin(), result.touched.end(),
                                          [&](const auto& id) { return filters_.captures(id); });
        const std::string message = format("The DDL statement at {} cannot be applied: {}; statement: {}", place.text,
                                           *result.problem, statement);
        if (captured && !options_.skips_unparseable)
            throw FatalError(message +
                             ". Set schema.history.internal.skip.unparseable.ddl=true to pass over it, if it does not "
                             "change columns");
        if (captured)
            log::warn(options_.plan.identity.name + ".schema", message);
        else
            log::debug(options_.plan.identity.name + ".schema", message);
        return result;
    }
    for (const auto& id : result.touched) plans_.erase(id);
    if (!result.events.empty()) {
        ++options_.figures->changes_applied;
        options_.figures->last_applied_ms = now_ms();
        options_.figures->tell([&](auto& texts) {
            texts.last_applied_ddl = statement;
            for (const auto& id : result.touched) {
                std::erase(texts.captured_tables, id.dotted());
                if (catalog_.tables.contains(id) && filters_.captures(id)) texts.captured_tables.push_back(id.dotted());
            }
        });
    }
    if (is_published(result))
        for (const auto& event : result.events) write_event(batch, writer, event, place);
    return result;
}

void SchemaState::change(topiclog::AppendBatch& batch, ChangeWriter& writer, const std::string& database,
                         const std::vector<relational::TableChange>& changes, const Place& place) {
    for (const auto& change : changes) {
        if (change.previous_id) catalog_.tables.erase(*change.previous_id);
        if (change.table)
            catalog_.tables[change.id] = *change.table;
        else
            catalog_.tables.erase(change.id);
        plans_.erase(change.id);
        if (options_.stores_captured_tables_only && !filters_.captures(change.id)) continue;
        write_event(batch, writer, {database, "", change.id.table, {change}}, place);
    }
}

std::shared_ptr<TablePlan> SchemaState::plan(const relational::TableId& id) {
    const auto found = plans_.find(id);
    if (found != plans_.end()) return found->second;
    auto made = make_plan(id);
    plans_.emplace(id, made);
    return made;
}

std::shared_ptr<TablePlan> SchemaState::make_plan(const relational::TableId& id) const {
    if (!filters_.captures(id)) return nullptr;
    const auto table = catalog_.tables.find(id);
    if (table == catalog_.tables.end())
        throw FatalError(format(
            "Changes of table {} cannot be read: it is captured, but the schema history {} does not know it. It was "
            "created before the connector's history begins or while its DDL was filtered; take a new snapshot, or "
            "leave the table out with table.exclude.list",
            id.dotted(), options_.history_topic));
    return std::make_shared<TablePlan>(table->second, filters_, keys_, options_.plan);
}

void SchemaState::tell_tables() const {
    std::vector<std::string> captured;
    for (const auto& [id, table] : catalog_.tables)
        if (filters_.captures(id)) captured.push_back(id.dotted());
    options_.figures->tell([&](auto& texts) { texts.captured_tables = std::move(captured); });
}

bool SchemaState::has_history() {
    const auto info = log_.topic(options_.history_topic);
    return info && info->records > 0;
}

void SchemaState::apply_record(const relational::SchemaHistoryRecord& record) {
    if (record.changes.empty()) {
        // Statements on databases, and those of other tools' histories that hold only text.
        ddl::apply_ddl(catalog_, record.ddl, {options_.server, record.database, 0, options_.keep_comments});
        constexpr std::string_view kServerCharset = "SET character_set_server=";
        if (record.ddl.starts_with(kServerCharset)) {
            const std::string rest = record.ddl.substr(kServerCharset.size());
            catalog_.server_charset = canonical_charset(trimmed(rest.substr(0, rest.find(','))));
        }
        return;
    }
    for (const auto& change : record.changes) {
        if (change.previous_id) catalog_.tables.erase(*change.previous_id);
        if (change.kind == relational::TableChange::Kind::Drop)
            catalog_.tables.erase(change.id);
        else if (change.table)
            catalog_.tables[change.id] = *change.table;
    }
    // ALTER TABLE … RENAME names only the new table.
    if (record.changes[0].kind == relational::TableChange::Kind::Alter && !record.changes[0].previous_id &&
        upper(record.ddl).find("RENAME") != std::string::npos) {
        ddl::Catalog probe;
        probe.server_charset = catalog_.server_charset;
        probe.database_charsets = catalog_.database_charsets;
        const auto renamed = ddl::apply_ddl(probe, record.ddl, {options_.server, record.database, 0, false});
        if (!renamed.touched.empty() && renamed.touched[0] != record.changes[0].id)
            catalog_.tables.erase(renamed.touched[0]);
    }
}

int64_t SchemaState::recover(const BinlogOffset& offset) {
    return replay([&](const BinlogOffset& place) { return is_at_or_before(place, offset, options_.server); });
}

int64_t SchemaState::recover_all() {
    return replay([](const BinlogOffset&) { return true; });
}

int64_t SchemaState::replay(const std::function<bool(const BinlogOffset&)>& is_wanted) {
    auto& figures = *options_.figures;
    figures.recovery_runs = 1;
    figures.recovery_started_ms = now_ms();
    figures.changes_recovered = 0;
    int64_t applied = 0;
    std::string last_ddl;
    relational::SchemaHistoryReader reader;
    topiclog::for_each_record(log_, options_.history_topic, [&](const topiclog::StoredRecord& stored) {
        if (!stored.value) return;
        const auto record = reader.read(*stored.value);
        if (record.server != options_.plan.identity.topic_prefix) return;
        if (!is_wanted(BinlogOffset::from_json(record.position_json))) return;
        apply_record(record);
        ++applied;
        last_ddl = record.ddl;
        figures.changes_recovered.store(applied, std::memory_order_relaxed);
    });
    plans_.clear();
    figures.recovery_runs = 0;
    figures.last_recovered_ms = now_ms();
    figures.tell([&](auto& texts) { texts.last_recovered_ddl = last_ddl; });
    return applied;
}

}  // namespace millrace::binlog
