#pragma once

#include "source/binlog/dialect.h"

namespace millrace::mysql {

/// MySQL 5.7 to 9.x.
class MySqlDialect final : public binlog::Dialect {
  public:
    binlog::ddl::Server server() const override { return binlog::ddl::Server::MySql; }
    std::string name() const override { return "mysql"; }
    std::string title() const override { return "MySQL"; }
    binlog::TlsMode default_tls() const override { return binlog::TlsMode::Preferred; }
    binlog::SnapshotView open_view(const std::vector<binlog::Connection*>& views, binlog::Connection& control,
                                   const binlog::ConnectionOptions& options, const binlog::ViewOptions& how,
                                   const std::stop_token& stop) const override;
    binlog::BinlogOffset log_end(binlog::Connection& connection) const override;
    void aim(binlog::DumpRequest& request, const binlog::BinlogOffset& offset, const binlog::GtidFilter& filter,
             binlog::Connection& control) const override;
};

}  // namespace millrace::mysql
