#include "source/postgres/diagnosis.h"

#include "base/errors.h"
#include "base/text.h"
#include "source/postgres/catalog.h"
#include "source/postgres/postgres_offset.h"
#include "source/postgres/replication_slot.h"

namespace millrace::postgres {
namespace {

using engine::Finding;
using Findings = std::vector<Finding>;

class Examination {
  public:
    explicit Examination(const config::Settings& settings)
        : settings_(settings), connection_(ConnectionOptions::from(settings)), types_(connection_) {}

    Findings run(const std::string& offset) {
        fine(format("{}:{} answers (PostgreSQL {})", settings_.text("database.hostname"),
                    settings_.text("database.port"), value("SHOW server_version")));
        step("the log's settings", [&] { log_settings(); });
        step("the user's rights", [&] { rights(); });
        step("the captured tables", [&] { tables(); });
        step("the publication", [&] { publication(); });
        step("the replication slot", [&] { slot(offset); });
        return std::move(findings_);
    }

  private:
    /// What the user may not look at does not keep the rest from being looked at.
    template <typename Look>
    void step(const char* what, Look&& look) {
        try {
            look();
        } catch (const ServerError& fault) {
            warn(format("{} cannot be looked at: {}", what, fault.message), "It was not examined", "");
        }
    }
    void fine(std::string what) { findings_.push_back({Finding::Level::Fine, std::move(what), {}, {}}); }
    void warn(std::string what, std::string why, std::string mend) {
        findings_.push_back({Finding::Level::Warning, std::move(what), std::move(why), std::move(mend)});
    }
    void problem(std::string what, std::string why, std::string mend, std::string property = {}) {
        findings_.push_back(
            {Finding::Level::Problem, std::move(what), std::move(why), std::move(mend), std::move(property)});
    }
    std::string value(const std::string& sql) { return connection_.value(sql).value_or(""); }

    void log_settings() {
        if (const auto level = value("SHOW wal_level"); level != "logical")
            problem(format("wal_level is {}", level), "The log does not hold what changed in rows",
                    "ALTER SYSTEM SET wal_level = logical; and restart the server");
        else
            fine("wal_level is logical");
        const auto free =
            parse_int(value("SELECT current_setting('max_replication_slots')::int - count(*) FROM "
                            "pg_catalog.pg_replication_slots"));
        if (free && *free <= 0)
            problem("All replication slots are taken",
                    "The connector needs one, and a second while it takes a snapshot",
                    "ALTER SYSTEM SET max_replication_slots to a greater number and restart the server");
    }

    void rights() {
        const auto user = value("SELECT current_user");
        if (value("SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user") != "t")
            problem(format("The user {} lacks REPLICATION", user), "It may not read the log",
                    format("ALTER ROLE {} REPLICATION;", quote_name(user)), "database.user");
        else
            fine(format("The user {} may read the log", user));
    }

    void tables() {
        Catalog catalog(connection_, types_);
        const relational::Filters filters(settings_, kSchemas);
        const auto captured = captured_tables(catalog, filters);
        if (captured.empty()) {
            problem("No table is captured", "The include lists match none of the database's tables",
                    "Correct schema.include.list or table.include.list: they are matched against SCHEMA and "
                    "SCHEMA.TABLE",
                    "table.include.list");
            return;
        }
        fine(format("{} tables are captured", captured.size()));
        for (const auto& id : captured) {
            const auto table = quote_text(quote_table(id.database, id.table));
            if (value(format("SELECT has_table_privilege({}, 'SELECT')", table)) != "t")
                problem(format("Table {} may not be read", id.dotted()), "A snapshot needs to",
                        format("GRANT SELECT ON {} TO {};", quote_table(id.database, id.table),
                               quote_name(value("SELECT current_user"))));
            const auto keyless = value(
                format("SELECT relreplident = 'n' OR (relreplident = 'd' AND NOT EXISTS (SELECT FROM "
                       "pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)) FROM pg_catalog.pg_class c "
                       "WHERE c.oid = {}::regclass",
                       table));
            if (keyless == "t")
                warn(format("Table {} has no replica identity", id.dotted()),
                     "The server refuses UPDATE and DELETE of a published table that has none",
                     format("ALTER TABLE {} REPLICA IDENTITY FULL;", quote_table(id.database, id.table)));
        }
    }

    void publication() {
        const auto name = settings_.text("publication.name", "dbz_publication");
        const auto mode = lower(settings_.text("publication.autocreate.mode", "all_tables"));
        const auto found = connection_.rows(
            format("SELECT puballtables FROM pg_catalog.pg_publication WHERE pubname = {}", quote_text(name)));
        if (found.empty() && mode == "disabled")
            problem(format("There is no publication {}", name), "publication.autocreate.mode is disabled",
                    format("CREATE PUBLICATION {} FOR TABLE …;", quote_name(name)), "publication.name");
        else if (!found.empty() && found[0][0] == "t" && mode == "filtered")
            problem(format("The publication {} is for all tables", name),
                    "With publication.autocreate.mode=filtered its tables cannot follow the filters",
                    format("DROP PUBLICATION {};", quote_name(name)), "publication.autocreate.mode");
        else
            fine(found.empty() ? format("The publication {} will be made", name)
                               : format("The publication {} is there", name));
    }

    void slot(const std::string& offset) {
        const auto name = settings_.text("slot.name", "debezium");
        const auto slot = find_slot(connection_, name);
        if (!slot) {
            if (offset.empty())
                fine(format("The slot {} will be made", name));
            else
                problem(format("The slot {} is gone", name), "What changed since the stored offset cannot be had",
                        "Set snapshot.mode=when_needed, or delete the connector's offsets", "slot.name");
            return;
        }
        if (slot->plugin != "pgoutput" || slot->database != settings_.text("database.dbname"))
            problem(format("The slot {} is one of plugin {} and database {}", name, slot->plugin, slot->database),
                    "It cannot be read by this connector", "Choose another slot.name", "slot.name");
        if (slot->wal_status == "lost")
            problem(format("The server has given up the slot {}", name), "Its log was removed (max_slot_wal_keep_size)",
                    "Drop it with SELECT pg_drop_replication_slot and take a new snapshot", "slot.name");
        else if (slot->wal_status == "unreserved")
            warn(format("The server may remove the log of slot {} at any time", name),
                 "It keeps more than max_slot_wal_keep_size", "Let the connector catch up, or raise that limit");
        if (!offset.empty() && slot->confirmed > PostgresOffset::from_json(offset).resume_from())
            problem(format("The slot {} has moved on to {}", name, slot->confirmed.text()),
                    "What changed between the stored offset and there cannot be had",
                    "Set snapshot.mode=when_needed, or offset.mismatch.strategy=trust_slot", "slot.name");
        const auto kept = value(format("SELECT pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), {}))",
                                       quote_text(slot->restart.text())));
        fine(format("The slot {} keeps {} of log", name, kept));
    }

    const config::Settings& settings_;
    Connection connection_;
    PgTypes types_;
    Findings findings_;
};

}  // namespace

Findings diagnose(const config::Settings& settings, const std::string& offset) {
    try {
        return Examination(settings).run(offset);
    } catch (const ServerError& fault) {
        return {{Finding::Level::Problem, fault.message, "The server cannot be examined", "", "database.hostname"}};
    } catch (const std::exception& fault) {
        return {{Finding::Level::Problem, fault.what(), "The server cannot be reached",
                 "Check database.hostname, database.port, database.user and database.password", "database.hostname"}};
    }
}

}  // namespace millrace::postgres
