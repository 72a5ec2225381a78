#pragma once

#include <map>
#include <memory>

#include "source/postgres/catalog.h"
#include "source/postgres/table_plan.h"

namespace millrace::postgres {

/// The tables that are known, and the plans compiled from them. Nothing of it outlives a run: a snapshot reads it from
/// the catalogue, and the log announces each table before its first change. Used by the source's thread, but for
/// make_plan() and table(), which others may call while it changes nothing.
class SchemaState {
  public:
    SchemaState(PlanSettings settings, const config::Settings& given)
        : settings_(std::move(settings)), filters_(given, kSchemas), keys_(given) {}

    /// The connection that types are looked up with; before anything else, and again for a new one.
    void connect(Connection& connection) {
        types_ = std::make_unique<PgTypes>(connection);
        plans_.clear();
    }
    PgTypes& types() { return *types_; }
    const PlanSettings& settings() const { return settings_; }
    const relational::Filters& filters() const { return filters_; }
    const std::map<relational::TableId, PgTable>& tables() const { return tables_; }
    const PgTable& table(const relational::TableId& id) const { return tables_.at(id); }

    /// From now on the table is like this. Its plan.
    std::shared_ptr<TablePlan> learn(PgTable table);
    std::shared_ptr<TablePlan> plan(const relational::TableId& id);
    /// One that nobody else uses: for another thread.
    std::shared_ptr<TablePlan> make_plan(const relational::TableId& id);
    std::vector<std::string> key_columns(const relational::TableId& id) const {
        return keys_.of(tables_.at(id).as_relational());
    }

  private:
    const PlanSettings settings_;
    const relational::Filters filters_;
    const relational::KeyColumns keys_;
    std::unique_ptr<PgTypes> types_;
    std::map<relational::TableId, PgTable> tables_;
    std::map<relational::TableId, std::shared_ptr<TablePlan>> plans_;
};

}  // namespace millrace::postgres
