#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "relational/filters.h"
#include "source/postgres/catalog.h"

namespace millrace::postgres {

/// The publication that the slot streams: publication.name, publication.autocreate.mode, publish.via.partition.root.
class Publication {
  public:
    /// Throws ConfigError.
    explicit Publication(const config::Settings& settings);

    const std::string& name() const { return name_; }
    /// Makes it as the mode says, or keeps its tables as the filters say. On a standby it is only looked
    /// for. Throws FatalError with what to do, ServerError.
    void settle(Connection& connection, Catalog& catalog, const relational::Filters& filters,
                const std::string& logger) const;
    /// Captured tables whose changes it does not publish: their rows are read by snapshots, and no change comes.
    std::vector<relational::TableId> unpublished(Connection& connection, const relational::Filters& filters) const;

  private:
    enum class Mode { AllTables, Disabled, Filtered, NoTables };
    void create(Connection& connection, Catalog& catalog, const relational::Filters& filters,
                const std::string& logger) const;
    void follow_filters(Connection& connection, Catalog& catalog, const relational::Filters& filters,
                        const std::string& logger) const;
    std::vector<relational::TableId> wanted(Connection& connection, Catalog& catalog,
                                            const relational::Filters& filters) const;

    std::string name_;
    Mode mode_ = Mode::AllTables;
    bool by_root_ = false;
};

/// replica.identity.autoset.values: sets what is to be set. Throws ConfigError, ServerError.
void set_replica_identities(Connection& connection, Catalog& catalog, const config::Settings& settings,
                            const relational::Filters& filters, const std::string& logger);

}  // namespace millrace::postgres
