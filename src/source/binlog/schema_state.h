#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "events/schema_change_event.h"
#include "relational/filters.h"
#include "source/binlog/binlog_offset.h"
#include "source/binlog/change_writer.h"
#include "source/binlog/ddl/ddl_parser.h"
#include "source/binlog/table_plan.h"
#include "topiclog/topic_log.h"

namespace millrace::binlog {

/// The schema as it is at the place in the log that the source has reached: the catalogue, the plans compiled from
/// it, and the two topics that changes of it go to. Used by the source's thread alone.
class SchemaState {
  public:
    struct Options {
        PlanSettings plan;
        ddl::Server server = ddl::Server::MySql;
        bool keep_comments = false;
        std::string history_topic;
        bool publishes_changes = true;             ///< include.schema.changes
        bool stores_captured_tables_only = false;  ///< schema.history.internal.store.only.captured.tables.ddl
        bool stores_captured_databases_only = false;
        engine::SourceFigures* figures = nullptr;
        bool skips_unparseable = false;  ///< schema.history.internal.skip.unparseable.ddl
    };
    /// A statement's place: for the source struct of its events and for messages.
    struct Place {
        SourceInfo info;
        std::string position_json;  ///< The offset map that its history record carries.
        std::string text;           ///< "mysql-bin.000003:154"
    };

    SchemaState(Options options, const config::Settings& settings, topiclog::TopicLog& log);

    /// Names the captured tables in the figures.
    void tell_tables() const;
    const relational::Filters& filters() const { return filters_; }
    ddl::Catalog& catalog() { return catalog_; }
    const ddl::Catalog& catalog() const { return catalog_; }
    const Options& options() const { return options_; }

    /// Applies a statement and writes what it changed to the batch. Throws FatalError if it concerns a captured
    /// table and cannot be understood.
    ddl::DdlResult apply(topiclog::AppendBatch& batch, ChangeWriter& writer, std::string_view statement,
                         const std::string& database, uint64_t sql_mode, const Place& place);

    /// Writes a statement that changes no structure (SET, USE) as a snapshot does.
    void write_statement(topiclog::AppendBatch& batch, ChangeWriter& writer, const std::string& statement,
                         const Place& place, const std::string& database = {});

    /// Applies changes that are given as such, without a statement (the schema-changes signal).
    void change(topiclog::AppendBatch& batch, ChangeWriter& writer, const std::string& database,
                const std::vector<relational::TableChange>& changes, const Place& place);

    /// The plan of a captured table; nullptr if the table is not captured. Throws FatalError if it is captured and
    /// its structure is not known.
    std::shared_ptr<TablePlan> plan(const relational::TableId& id);

    /// The same, but one that nobody else uses: for another thread.
    std::shared_ptr<TablePlan> make_plan(const relational::TableId& id) const;
    /// The columns of a table's key, as message.key.columns has it.
    std::vector<std::string> key_columns(const relational::Table& table) const { return keys_.of(table); }

    /// Rebuilds the catalogue from the history topic up to `offset`. Returns the number of records applied.
    int64_t recover(const BinlogOffset& offset);
    /// The same with all that the topic holds.
    int64_t recover_all();
    bool has_history();

  private:
    void write_event(topiclog::AppendBatch& batch, ChangeWriter& writer, const ddl::DdlEvent& event,
                     const Place& place);
    bool concerns_captured(const ddl::DdlEvent& event) const;
    bool is_published(const ddl::DdlResult& result) const;
    bool belongs_in_history(const ddl::DdlEvent& event) const;
    int64_t replay(const std::function<bool(const BinlogOffset&)>& is_wanted);
    void apply_record(const relational::SchemaHistoryRecord& record);

    Options options_;
    relational::Filters filters_;
    relational::KeyColumns keys_;
    topiclog::TopicLog& log_;
    ddl::Catalog catalog_;
    events::SchemaChangeFormat format_;
    std::string changes_topic_;
    std::string key_prefix_, value_prefix_;
    std::map<relational::TableId, std::shared_ptr<TablePlan>> plans_;
};

}  // namespace millrace::binlog
