#include "cli/worker_address.h"

#include <CLI/CLI.hpp>

#include "config/settings.h"

namespace millrace::cli {

CLI::Option* WorkerAddress::add_options(CLI::App& command) {
    CLI::Option* at = command.add_option("--at", url, "Address of the worker")->capture_default_str();
    command.add_option("--user", user, "NAME:PASSWORD, where the worker asks for it")->envname("MILLRACE_USER");
    command.add_option("--cacert", ca_file, "PEM file with who vouches for an https worker");
    command.add_option("--cert", own_file, "PEM file with the certificate and key to show to an https worker");
    return at;
}

std::unique_ptr<net::HttpClient> WorkerAddress::connect() const {
    net::Tls tls;
    if (!ca_file.empty()) tls.trusted = config::read_file(ca_file);
    if (!own_file.empty()) tls.certificates = tls.key = config::read_file(own_file);
    auto client = std::make_unique<net::HttpClient>(url, tls);
    if (!user.empty()) client->authenticate(user);
    return client;
}

}  // namespace millrace::cli
