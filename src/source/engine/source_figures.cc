#include "source/engine/source_figures.h"

namespace millrace::engine {

SourceFigures::Table& SourceFigures::table(const std::string& dotted) {
    const std::lock_guard lock(mutex_);
    auto& table = tables_[dotted];
    if (!table) table = std::make_unique<Table>();
    return *table;
}

std::vector<std::pair<std::string, const SourceFigures::Table*>> SourceFigures::tables() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, const Table*>> all;
    for (const auto& [name, table] : tables_) all.emplace_back(name, table.get());
    return all;
}

void SourceFigures::forget_reads() {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, table] : tables_) table->reads = table->chunks = table->chunks_done = 0;
}

SourceFigures::Texts SourceFigures::texts() const {
    const std::lock_guard lock(mutex_);
    return texts_;
}

void SourceFigures::tell(const std::function<void(Texts&)>& change) {
    const std::lock_guard lock(mutex_);
    change(texts_);
}

}  // namespace millrace::engine
