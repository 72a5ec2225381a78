#pragma once

#include <memory>
#include <string>

#include "net/http_client.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace millrace::cli {

/// Where a command finds its worker, and how it makes itself known there: --at, --user, --cacert, --cert.
struct WorkerAddress {
    std::string url = "http://127.0.0.1:8083";
    std::string user;      ///< NAME:PASSWORD
    std::string ca_file;   ///< PEM: who vouches for the worker; empty: whom the system trusts.
    std::string own_file;  ///< PEM: certificate and key to show.

    /// Returns --at.
    CLI::Option* add_options(CLI::App& command);
    /// Throws ConfigError.
    std::unique_ptr<net::HttpClient> connect() const;
};

}  // namespace millrace::cli
