// Is each snapshot view exactly at its position? Writers commit single-row inserts as fast as asked; views are opened
// as the connectors open them, and the rows that a view shows are counted against the transactions that its GTIDs name.
//   view_check mysql|mariadb PORT VIEWS COMMITS_PER_SECOND WRITERS
// Prints a JSON object; exit 1 if a view was wrong.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "base/calendar.h"
#include "base/text.h"
#include "source/binlog/gtid_set.h"
#include "source/mariadb/mariadb_dialect.h"
#include "source/mysql/mysql_dialect.h"

namespace {

using namespace millrace;
using namespace millrace::binlog;

/// The number in the last GTID of a server that alone writes.
int64_t last_number(const std::string& gtids) {
    const size_t at = gtids.find_last_of("-:");
    return parse_int(gtids.substr(at + 1)).value_or(-1);
}

void write(const ConnectionOptions& options, double per_second, const std::atomic<bool>& stop,
           std::atomic<int64_t>& commits) {
    Connection connection(options);
    const auto pause = std::chrono::nanoseconds(static_cast<int64_t>(1e9 / per_second));
    auto next = std::chrono::steady_clock::now();
    while (!stop) {
        connection.execute("INSERT INTO views.t () VALUES ()");
        ++commits;
        next += pause;
        std::this_thread::sleep_until(next);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    const bool is_mysql = std::string_view(argv[1]) == "mysql";
    const mysql::MySqlDialect mysql_dialect;
    const mariadb::MariaDbDialect mariadb_dialect;
    const Dialect& dialect = is_mysql ? static_cast<const Dialect&>(mysql_dialect) : mariadb_dialect;
    ConnectionOptions options;
    options.host = "127.0.0.1";
    options.port = static_cast<unsigned>(std::stoul(argv[2]));
    options.user = "root";
    options.tls = TlsMode::Disabled;
    const int views = std::stoi(argv[3]);
    const double rate = std::stod(argv[4]);
    const int writers = std::stoi(argv[5]);
    try {
        Connection control(options);
        control.execute("DROP DATABASE IF EXISTS views");
        control.execute("CREATE DATABASE views");
        control.execute("CREATE TABLE views.t (id BIGINT AUTO_INCREMENT PRIMARY KEY)");
        const int64_t base = last_number(dialect.log_end(control).gtids);
        std::atomic<bool> stop{false};
        std::atomic<int64_t> commits{0};
        std::vector<std::jthread> threads;
        for (int i = 0; i < writers; ++i) threads.emplace_back([&] { write(options, rate / writers, stop, commits); });
        ViewOptions how;
        how.tables = {{"views", "t"}};
        const int64_t started = steady_ms();
        int wrong = 0;
        int locked = 0;
        int64_t blocked_us_max = 0;
        for (int i = 0; i < views; ++i) {
            Connection view(options);
            const SnapshotView opened = dialect.open_view({&view}, control, options, how, {});
            const int64_t rows = parse_int(view.value("SELECT COUNT(*) FROM views.t")).value_or(-1);
            const int64_t expected = last_number(opened.gtids) - base;
            if (rows != expected) {
                ++wrong;
                std::fprintf(stderr, "view %d opened %s: %ld rows, but its GTIDs say %ld\n", i, opened.method.c_str(),
                             rows, expected);
            }
            locked += opened.writes_blocked_us > 0 ? 1 : 0;
            blocked_us_max = std::max(blocked_us_max, opened.writes_blocked_us);
        }
        stop = true;
        threads.clear();
        const double seconds = static_cast<double>(steady_ms() - started) / 1000;
        std::printf(
            "{\"views\":%d,\"wrong\":%d,\"locked\":%d,\"blocked_us_max\":%ld,\"commits_per_s\":%.0f,\"seconds\":%.1f}"
            "\n",
            views, wrong, locked, blocked_us_max, static_cast<double>(commits) / seconds, seconds);
        return wrong == 0 ? 0 : 1;
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "view_check: %s\n", fault.what());
        return 2;
    }
}
