#include "source/postgres/schema_state.h"

namespace millrace::postgres {

std::shared_ptr<TablePlan> SchemaState::learn(PgTable table) {
    const relational::TableId id = table.id;
    const auto known = tables_.find(id);
    if (known == tables_.end() || !(known->second == table)) {
        tables_[id] = std::move(table);
        plans_.erase(id);
    }
    return plan(id);
}

std::shared_ptr<TablePlan> SchemaState::plan(const relational::TableId& id) {
    auto& plan = plans_[id];
    if (plan == nullptr) plan = make_plan(id);
    return plan;
}

std::shared_ptr<TablePlan> SchemaState::make_plan(const relational::TableId& id) {
    return std::make_shared<TablePlan>(tables_.at(id), *types_, filters_, keys_, settings_);
}

}  // namespace millrace::postgres
