#include "source/binlog/diagnosis.h"

#include <algorithm>
#include <cmath>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/text.h"
#include "events/topic_naming.h"
#include "relational/filters.h"
#include "source/binlog/binlog_offset.h"
#include "source/binlog/connection.h"
#include "source/binlog/databases.h"

namespace millrace::binlog {
namespace {

using engine::Finding;
using Findings = std::vector<Finding>;

constexpr double kClockSecondsMax = 5;
constexpr int64_t kRetentionSecondsMin = 86'400;

std::vector<relational::TableId> captured_tables(Connection& connection, const config::Settings& settings) {
    const relational::Filters filters(settings, kDatabases);
    std::vector<relational::TableId> captured;
    for (const auto& row : connection.rows("SELECT table_schema, table_name FROM information_schema.tables WHERE "
                                           "table_type IN ('BASE TABLE', 'SYSTEM "
                                           "VERSIONED') ORDER BY 1, 2")) {
        const relational::TableId id{row[0].value_or(""), row[1].value_or("")};
        if (filters.captures(id)) captured.push_back(id);
    }
    return captured;
}

class Examination {
  public:
    Examination(const Dialect& dialect, const config::Settings& settings)
        : dialect_(dialect),
          settings_(settings),
          connection_(ConnectionOptions::from(settings, dialect.default_tls())) {}

    Findings run(const std::string& offset) {
        fine(format("{}:{} answers ({} {})", settings_.text("database.hostname"), settings_.text("database.port"),
                    dialect_.title(), connection_.value("SELECT VERSION()")));
        step("the log's settings", [&] { log_settings(); });
        step("how long logs are kept", [&] { retention(); });
        step("the grants", [&] { grants(); });
        step("server ids", [&] { server_id(); });
        step("the captured tables", [&] { tables(); });
        step("the clock", [&] { clock(); });
        if (!offset.empty()) step("the stored position", [&] { position(offset); });
        return std::move(findings_);
    }

  private:
    /// What the user may not look at does not keep the rest from being looked at.
    template <typename Look>
    void step(const char* what, Look&& look) {
        try {
            look();
        } catch (const ServerError& fault) {
            add(Finding::Level::Warning, format("{} could not be examined: {}", what, fault.message),
                "the user may not ask for it", "");
        }
    }
    void fine(std::string what) { findings_.push_back({Finding::Level::Fine, std::move(what), "", ""}); }
    /// `property` is whose value cannot do its work so, if there is one.
    void add(Finding::Level level, std::string what, std::string why, std::string mend, std::string property = {}) {
        findings_.push_back({level, std::move(what), std::move(why), std::move(mend), std::move(property)});
    }
    std::string variable(const char* name) {
        const auto rows = connection_.rows(format("SHOW GLOBAL VARIABLES LIKE '{}'", name));
        return rows.empty() ? std::string() : rows[0][1].value_or("");
    }

    void log_settings() {
        if (variable("log_bin") != "ON") {
            add(Finding::Level::Problem, "the server writes no binary log", "changes are read from the binary log",
                "start the server with --log-bin and --server-id=1 (my.cnf: [mysqld] log_bin=mysql-bin)",
                "database.hostname");
            return;
        }
        expect("binlog_format", "ROW", "other formats log statements, not rows");
        const std::string image = variable("binlog_row_image");
        if (!image.empty() && !iequals(image, "FULL"))
            add(Finding::Level::Warning, format("binlog_row_image is {}", image),
                "columns that are not logged have the value unavailable.value.placeholder, or stop the task",
                "SET GLOBAL binlog_row_image=FULL");
        else
            fine("binlog_row_image is FULL");
        const std::string metadata = variable("binlog_row_metadata");
        if (!metadata.empty() && !iequals(metadata, "FULL"))
            add(Finding::Level::Warning, format("binlog_row_metadata is {}", metadata),
                "with FULL the log itself tells column names, which checks the schema history",
                "SET GLOBAL binlog_row_metadata=FULL");
        if (dialect_.server() != ddl::Server::MySql) return;
        const std::string gtids = variable("gtid_mode");
        if (!iequals(gtids, "ON"))
            add(Finding::Level::Warning, format("gtid_mode is {}", gtids),
                "without GTIDs a snapshot needs a short global lock, and a failover to a replica loses the place in "
                "the log",
                "SET GLOBAL enforce_gtid_consistency=ON; then gtid_mode=OFF_PERMISSIVE, ON_PERMISSIVE, ON one after "
                "the other");
        else
            fine("gtid_mode is ON");
    }

    void expect(const char* name, const char* wanted, const char* why) {
        const std::string found = variable(name);
        if (found.empty() || iequals(found, wanted))
            fine(format("{} is {}", name, wanted));
        else
            add(Finding::Level::Problem, format("{} is {}", name, found), why, format("SET GLOBAL {}={}", name, wanted),
                "database.hostname");
    }

    void retention() {
        const std::string name =
            variable("binlog_expire_logs_seconds").empty() ? "expire_logs_days" : "binlog_expire_logs_seconds";
        const auto value = parse_int(variable(name.c_str())).value_or(0);
        const int64_t seconds = name == "expire_logs_days" ? value * 86'400 : value;
        if (seconds == 0 || seconds >= kRetentionSecondsMin)
            fine(seconds == 0 ? std::string("logs are kept until they are purged by hand")
                              : format("logs are kept for {} hours", seconds / 3600));
        else
            add(Finding::Level::Warning, format("logs are kept for {} minutes only", seconds / 60),
                "a connector that is down for longer loses its place and needs a new snapshot",
                "SET GLOBAL binlog_expire_logs_seconds=604800");
    }

    void grants() {
        std::string all;
        for (const auto& row : connection_.rows("SHOW GRANTS")) all += upper(row[0].value_or("")) + "\n";
        const bool everything = all.find("ALL PRIVILEGES ON *.*") != std::string::npos;
        const auto has = [&](std::initializer_list<const char*> names) {
            return everything || std::any_of(names.begin(), names.end(),
                                             [&](const char* name) { return all.find(name) != std::string::npos; });
        };
        std::vector<std::string> missing;
        if (!has({"SELECT"})) missing.emplace_back("SELECT");
        if (!has({"RELOAD", "FLUSH_TABLES"})) missing.emplace_back("RELOAD");
        if (!has({"SHOW DATABASES"})) missing.emplace_back("SHOW DATABASES");
        if (!has({"REPLICATION SLAVE", "REPLICATION REPLICA"})) missing.emplace_back("REPLICATION SLAVE");
        if (!has({"REPLICATION CLIENT", "BINLOG MONITOR"})) missing.emplace_back("REPLICATION CLIENT");
        if (missing.empty()) {
            fine("the user's grants suffice");
            return;
        }
        const bool fatal = std::any_of(missing.begin(), missing.end(), [](const auto& name) {
            return name == "SELECT" || name == "REPLICATION SLAVE";
        });
        add(fatal ? Finding::Level::Problem : Finding::Level::Warning,
            format("the user {} lacks {}", settings_.text("database.user"), join(missing, ", ")),
            "the snapshot reads all tables and the log is read as a replica does",
            format("GRANT {} ON *.* TO '{}'@'%'", join(missing, ", "), settings_.text("database.user")),
            fatal ? "database.user" : "");
    }

    void server_id() {
        const std::string wanted = settings_.text("database.server.id");
        if (connection_.value("SELECT @@GLOBAL.server_id") == wanted)
            add(Finding::Level::Problem, format("database.server.id={} is the server's own id", wanted),
                "the server does not send its log to itself", "choose another database.server.id",
                "database.server.id");
        const char* query = dialect_.server() == ddl::Server::MySql ? "SHOW REPLICAS" : "SHOW SLAVE HOSTS";
        for (const auto& row : connection_.rows(query))
            if (row[0] == wanted)
                add(Finding::Level::Warning, format("a replica with server id {} is connected already", wanted),
                    "two with the same id throw each other out; if it is this very connector, all is well",
                    "give every connector and replica a server id of its own");
    }

    void tables() {
        const size_t captured = captured_tables(connection_, settings_).size();
        if (captured != 0) {
            fine(format("{} table(s) are captured", captured));
            return;
        }
        std::string list;
        for (const char* name : {"database.include.list", "table.include.list"})
            if (!settings_.text(name).empty()) list = name;
        add(Finding::Level::Warning,
            list.empty() ? "no table is captured" : format("'{}' matches no table", settings_.text(list)),
            "database.include.list, table.include.list and their exclusions leave nothing, or the user may not see it",
            "write regular expressions that match whole names, DATABASE.TABLE", list);
    }

    void clock() {
        const std::string text = connection_.value("SELECT UNIX_TIMESTAMP(NOW(6))");
        const double offset = std::strtod(text.c_str(), nullptr) - static_cast<double>(now_ms()) / 1000.0;
        if (std::fabs(offset) <= kClockSecondsMax)
            fine("the clocks agree");
        else
            add(Finding::Level::Warning, format("the server's clock is off by {:.1f} s", offset),
                "lags are measured against it", "run NTP on both machines");
    }

    void position(const std::string& json) {
        const BinlogOffset offset = BinlogOffset::from_json(json);
        const auto rows = connection_.rows("SHOW BINARY LOGS");
        const auto found =
            std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row[0] == offset.file; });
        if (found == rows.end())
            add(Finding::Level::Problem,
                format("the log {} of the stored offset is not on the server any more", offset.file),
                rows.empty() ? "" : format("the first one there is {}", rows[0][0].value_or("")),
                "set snapshot.mode=when_needed, or delete the connector's offsets to take a new snapshot");
        else
            fine(format("the log still reaches back to {}:{} ({} file(s) are older)", offset.file, offset.position,
                        std::distance(rows.begin(), found)));
    }

    const Dialect& dialect_;
    const config::Settings& settings_;
    Connection connection_;
    Findings findings_;
};

}  // namespace

std::vector<relational::TableId> captured_tables(const Dialect& dialect, const config::Settings& settings) {
    Connection connection(ConnectionOptions::from(settings, dialect.default_tls()));
    return captured_tables(connection, settings);
}

std::vector<std::string> data_topics(const Dialect& dialect, const config::Settings& settings) {
    try {
        Connection connection(ConnectionOptions::from(settings, dialect.default_tls()));
        const events::TopicNaming naming(settings);
        std::vector<std::string> topics;
        if (settings.boolean("include.schema.changes", true)) topics.push_back(naming.schema_changes());
        if (settings.boolean("provide.transaction.metadata", false)) topics.push_back(naming.transaction());
        for (const auto& id : captured_tables(connection, settings)) topics.push_back(naming.data(id));
        return topics;
    } catch (const ServerError& fault) {
        throw RetriableError(fault.message);
    }
}

std::vector<engine::Finding> diagnose(const Dialect& dialect, const config::Settings& settings,
                                      const std::string& offset) {
    const std::string server = format("{}:{}", settings.text("database.hostname"), settings.text("database.port"));
    try {
        return Examination(dialect, settings).run(offset);
    } catch (const ServerError& fault) {
        return {{Finding::Level::Problem, format("{} answers: {}", server, fault.message),
                 "the examination could not be finished",
                 "see the server's message; check database.user and its grants"}};
    } catch (const RetriableError& fault) {
        return {{Finding::Level::Problem, fault.what(), "without the database nothing is captured",
                 format("check database.hostname, database.port and that {} is up", server)}};
    }
}

}  // namespace millrace::binlog
