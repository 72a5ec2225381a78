#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::binlog {

/// A set of MySQL global transaction ids: source UUIDs, each with an optional tag (MySQL 8.3 and later) and
/// intervals of numbers. https://dev.mysql.com/doc/refman/9.0/en/replication-gtids-concepts.html
class GtidSet {
  public:
    /// Both ends included.
    struct Interval {
        int64_t first = 0;
        int64_t last = 0;
        bool operator==(const Interval&) const = default;
    };
    /// UUID in lower case, tag (empty: none).
    using Source = std::pair<std::string, std::string>;

    GtidSet() = default;
    /// Nothing if `text` is no GTID set.
    static std::optional<GtidSet> parse(std::string_view text);

    void add(const Source& source, int64_t number);
    void add(const Source& source, Interval interval);
    void add(const GtidSet& other);
    /// The transactions of the servers for which `leave_out` is false.
    GtidSet without(const std::function<bool(const std::string& uuid)>& leave_out) const;
    bool contains(const Source& source, int64_t number) const;
    bool contains(const GtidSet& other) const;
    bool empty() const { return sources_.empty(); }
    bool operator==(const GtidSet&) const = default;

    /// uuid:1-5:7,uuid:tag:1-3
    std::string text() const;
    /// As COM_BINLOG_DUMP_GTID carries it.
    std::string wire_bytes() const;

  private:
    std::map<Source, std::vector<Interval>> sources_;
};

/// A MariaDB GTID position: for each replication domain the last transaction. https://mariadb.com/kb/en/gtid/
class MariaDbGtidPosition {
  public:
    struct Last {
        uint32_t server_id = 0;
        uint64_t sequence = 0;
        bool operator==(const Last&) const = default;
    };
    static std::optional<MariaDbGtidPosition> parse(std::string_view text);

    void set(uint32_t domain, uint32_t server_id, uint64_t sequence) { domains_[domain] = {server_id, sequence}; }
    bool empty() const { return domains_.empty(); }
    /// Has this position come as far as the other in all of its domains?
    bool contains(const MariaDbGtidPosition& other) const;
    bool operator==(const MariaDbGtidPosition&) const = default;
    /// 0-1-5,1-2-7
    std::string text() const;

  private:
    std::map<uint32_t, Last> domains_;
};

}  // namespace millrace::binlog
