#pragma once

#include <functional>
#include <string>

namespace millrace::net {

/// What one side of a TLS connection shows and trusts, as PEM.
struct Tls {
    enum class ClientAuth { None, Requested, Required };
    std::string certificates;  ///< Its own, then those between it and the root. Empty: it shows none.
    std::string key;
    std::string trusted;                        ///< Empty: the system's (a client), or nobody (a server).
    ClientAuth client_auth = ClientAuth::None;  ///< Of a server: what it asks of clients.

    /// Reads Java's ssl.* properties, by whatever gives their values ("ssl.keystore.location"): key and trust stores in
    /// PEM, PKCS12 or JKS, or PEM in the properties themselves. `prefix` stands before the names in messages. Throws
    /// ConfigError.
    static Tls from(const std::function<std::string(const std::string& name)>& property, const std::string& prefix);
};

}  // namespace millrace::net
