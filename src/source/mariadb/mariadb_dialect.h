#pragma once

#include "source/binlog/dialect.h"

namespace millrace::mariadb {

/// MariaDB 10.6 and later.
class MariaDbDialect final : public binlog::Dialect {
  public:
    binlog::ddl::Server server() const override { return binlog::ddl::Server::MariaDb; }
    std::string name() const override { return "mariadb"; }
    std::string title() const override { return "MariaDB"; }
    binlog::TlsMode default_tls() const override { return binlog::TlsMode::Disabled; }
    /// Takes no lock at all: START TRANSACTION WITH CONSISTENT SNAPSHOT fixes Binlog_snapshot_file and _position.
    binlog::SnapshotView open_view(const std::vector<binlog::Connection*>& views, binlog::Connection& control,
                                   const binlog::ConnectionOptions& options, const binlog::ViewOptions& how,
                                   const std::stop_token& stop) const override;
    binlog::BinlogOffset log_end(binlog::Connection& connection) const override;
    void aim(binlog::DumpRequest& request, const binlog::BinlogOffset& offset, const binlog::GtidFilter& filter,
             binlog::Connection& control) const override;
};

}  // namespace millrace::mariadb
